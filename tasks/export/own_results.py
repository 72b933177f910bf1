"""What a run of one's own video gave, into a folder: label maps, and a video to look at."""

from pathlib import Path

from storage.errors import MissingArtifactError
from storage.export.png_folders import export_png
from storage.kinds.predictions import PREDICTIONS, StoredPrediction
from storage.runs.ledger import RunLedger, VideoRecord
from storage.runs.names import StageName
from storage.store.artifacts import ArtifactStore
from tasks.export.overlay_export import export_overlay


def write_results(store_url: str, run_id: str, preset: str, folder: Path) -> tuple[Path, Path]:
    """Write FOLDER/VIDEO/FRAME.png and FOLDER/VIDEO.mp4 of the one video of a run.

    Args:
        store_url: the store.
        run_id: the run, done.
        preset: by which preset.
        folder: made if it is not there.

    Returns:
        Folder of the label maps (source size, palette), file of the overlay (working size).

    Raises:
        MissingArtifactError: when the run has no label maps by this preset.
        StoreFullError, StoreAccessError: when they cannot be written.
    """
    store = ArtifactStore(store_url)
    stage = str(StageName("segment", preset))
    records = [r for r in RunLedger(store, run_id).records() if stage in r.stages and r.video_key]
    if not records:
        raise MissingArtifactError(f"The run {run_id} has no label maps by {preset}. Run it again.")
    record = records[0]
    prediction = StoredPrediction(store, _prediction_key(record, stage))
    return export_png(prediction, folder), export_overlay(store, prediction, folder)


def _prediction_key(record: VideoRecord, stage: str) -> str:
    return next(key for kind, key in record.stages[stage].artifacts if kind == PREDICTIONS)
