"""Writes the results of a user's own video into a folder: label maps, and a video for viewing."""

from collections.abc import Sequence
from pathlib import Path

from storage.datasets.source import SourceVideo
from storage.errors import MissingArtifactError
from storage.export.png_folders import export_png
from storage.files.output_folder import OutputFolder
from storage.kinds.predictions import PREDICTIONS, StoredPrediction
from storage.runs.ledger import RunLedger, VideoRecord
from storage.runs.names import StageName
from storage.store.artifacts import ArtifactStore
from tasks.export.mask_preview import preview_name
from tasks.export.overlay_export import export_overlay


def results_folder(folder: Path, source: SourceVideo, inputs: Sequence[Path]) -> OutputFolder:
    """Return the folder for the results of a video, checked before anything is computed.

    Args:
        folder: created if missing.
        source: the video.
        inputs: its files and those of its masks.

    Raises:
        OccupiedOutputError: results would replace an input, or a file that this program did not
            write.
        StoreAccessError: the folder cannot be read.
    """
    out = OutputFolder(folder)
    files = [f"{source.name}.mp4", preview_name(source.name)]
    out.check(files=files, folders=[source.name], inputs=inputs)
    return out


def write_results(store_url: str, run_id: str, preset: str, out: OutputFolder) -> tuple[Path, Path]:
    """Write OUT/VIDEO/FRAME.png and OUT/VIDEO.mp4 of the one video of a run.

    Args:
        store_url: the store.
        run_id: name of the completed run.
        preset: the preset that made the results.
        out: the folder to write to.

    Returns:
        Folder of the label maps (source size, palette), file of the overlay (working size).

    Raises:
        MissingArtifactError: the run has no label maps by this preset.
        OccupiedOutputError: a file exists there that this program did not write.
        StoreFullError, StoreAccessError: the files cannot be written.
    """
    store = ArtifactStore(store_url)
    stage = str(StageName("segment", preset))
    records = [r for r in RunLedger(store, run_id).records() if stage in r.stages and r.video_key]
    if not records:
        raise MissingArtifactError(f"The run {run_id} has no label maps by {preset}. Run it again.")
    record = records[0]
    prediction = StoredPrediction(store, _prediction_key(record, stage))
    return export_png(prediction, out), export_overlay(store, prediction, out)


def _prediction_key(record: VideoRecord, stage: str) -> str:
    return next(key for kind, key in record.stages[stage].artifacts if kind == PREDICTIONS)
