"""Carries out `maskrnn correct` for a row of an archive: the row runs again with all its masks.

An archive keeps neither frames nor optical flow nor finetuned weights: all frames are computed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flows.commands.archive import archive_parameters, segment_archive
from flows.commands.export import export_predictions
from flows.corrections.added_masks import added_masks
from flows.corrections.request import CorrectionRequest, corrected_run
from flows.plan.resolved_archive import ResolvedArchive, resolve_archive
from maskrnn_core.digest import weights_digest
from storage.datasets.images.frame_matching import VideoFrames
from storage.datasets.masks.label_maps import object_ids
from storage.datasets.source import UInt8Array
from storage.export.png_folders import write_label_maps
from storage.files.output_folder import OutputFolder
from storage.kinds.predictions import StoredPrediction
from storage.runs.all_runs import list_runs
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.export.export_formats import choose_exports


def is_archive(store: ArtifactStore, run: str) -> bool:
    """Whether there is an archive of this name."""
    return any(info.run_id == run and info.is_archive for info in list_runs(store))


def correct_row(asked: CorrectionRequest, out: Path | None) -> int:
    """Segment a row of an archive again, as a run of its own; return 0, or 1 if it failed.

    Args:
        asked: the request.
        out: folder for the masks, a manifest of the one row, and its label maps.

    Raises:
        MissingArtifactError: the archive has no label maps of the row.
        ParameterError, DatasetError, ManifestError: the row or a mask cannot be used.
        OccupiedOutputError: results would replace other files.
    """
    if out is None or asked.video is None:
        raise ParameterError(
            f"the run {asked.run} is an archive: name the row, and a folder that keeps its masks, "
            f"such as `maskrnn correct {asked.run} ROW --mask ... --out DIR`"
        )
    store, row = ArtifactStore(asked.store), asked.video
    (chosen,) = choose_exports(store, asked.run, [row])
    before = StoredPrediction(store, chosen.key)
    archive = _resolved(asked, RunLedger(store, asked.run).info().parameters)
    line = _line(archive, row)
    masks = _with(added_masks(asked.masks, _frames(before), before.objects), _given(before))
    run = corrected_run(asked.run, before.key, weights_digest(masks), asked.overrides)
    manifest = _written(masks, line, OutputFolder(out))
    fields = {**archive.parameters.model_dump(exclude={"manifest"}), "run_id": run}
    code = segment_archive(str(manifest), fields)
    return code or export_predictions(asked.store, run, out, ["png"], [row])


def _resolved(asked: CorrectionRequest, former: Mapping[str, Any]) -> ResolvedArchive:
    """The archive as it is now, with the options of the request; other rows may be unusable."""
    known = archive_parameters({**former, "store": asked.store})
    changed = {
        "overrides": {**known.overrides, **asked.overrides},
        "workers": asked.workers,
        "dask_address": asked.dask_address,
        "force": known.force or asked.force,
        "skip_bad": True,
    }
    return resolve_archive(archive_parameters({**known.model_dump(), **changed}))


def _line(archive: ResolvedArchive, row: str) -> pd.DataFrame:
    """The row of the manifest as it is now, alone."""
    table = archive.manifest.table
    line = table.loc[table["id"] == row, ["id", "video", "mask", "start", "end"]]
    if line.empty:
        raise ParameterError(
            f"{archive.manifest.place} no longer has the row {row}, or its files cannot be used: "
            "restore them"
        )
    return line


def _written(masks: Mapping[str, UInt8Array], line: pd.DataFrame, folder: OutputFolder) -> Path:
    """Write masks and a manifest of one row that names them; return the manifest."""
    row = line["id"].item()
    folder.check(files=[f"{row}.csv"], folders=[f"{row}-given", row])
    given = write_label_maps(masks.items(), f"{row}-given", folder)
    folder.write(f"{row}.csv", line.assign(mask=str(given)).to_csv(index=False).encode())
    return folder.path / f"{row}.csv"


def _frames(prediction: StoredPrediction) -> VideoFrames:
    return VideoFrames(prediction.frame_names, prediction.size, prediction.video)


def _given(prediction: StoredPrediction) -> dict[str, UInt8Array]:
    """The masks that a prediction was given, by frame: there it shows them as they were."""
    given: dict[str, UInt8Array] = {}
    for frame, ids in prediction.metadata["masks"].items():
        shown = prediction.label_map(int(frame))
        name = prediction.frame_names[int(frame)]
        given[name] = np.where(np.isin(shown, ids), shown, 0).astype(np.uint8)
    return given


def _with(
    added: Mapping[str, UInt8Array], given: Mapping[str, UInt8Array]
) -> dict[str, UInt8Array]:
    """All masks by frame; an added one takes the place of a given one of the same object."""
    together = dict(given)
    for frame, label_map in added.items():
        if (former := given.get(frame)) is not None:
            kept = np.where(np.isin(former, object_ids(label_map)), 0, former)
            label_map = np.where(label_map > 0, label_map, kept).astype(np.uint8)
        together[frame] = label_map
    return together
