"""Carries out `maskrnn correct` for a row of an archive: the row runs again with all its masks.

An archive keeps neither frames nor optical flow nor finetuned weights: all frames are computed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flows.commands.archive import segment_archive
from flows.commands.export import export_predictions
from flows.corrections.added_masks import added_masks
from flows.corrections.request import CorrectionRequest, corrected_run
from flows.plan.archive_manifest import checked_manifest
from flows.plan.archive_parameters import ArchiveParameters
from maskrnn_core.digest import weights_digest
from storage.datasets.images.frame_matching import VideoFrames
from storage.datasets.masks.label_maps import object_ids
from storage.datasets.source import UInt8Array
from storage.export.png_folders import palette_png
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
    parameters = ArchiveParameters(**RunLedger(store, asked.run).info().parameters)
    line = _line(parameters, row)
    masks = _with(added_masks(asked.masks, _frames(before), before.objects), _given(before))
    run = corrected_run(asked.run, before.key, weights_digest(masks), asked.overrides)
    manifest = _written(masks, line, OutputFolder(out))
    code = segment_archive(str(manifest), _fields(parameters, asked, run))
    return code or export_predictions(asked.store, run, out, ["png"], [row])


def _line(parameters: ArchiveParameters, row: str) -> pd.DataFrame:
    """The row of the manifest as it is now, alone; other rows may be unusable."""
    table = checked_manifest(parameters.model_copy(update={"skip_bad": True})).table
    line = table.loc[table["id"] == row, ["id", "video", "mask", "start", "end"]]
    if line.empty:
        raise ParameterError(
            f"{parameters.manifest} no longer has the row {row}, or its files cannot be used: "
            "restore them"
        )
    return line


def _fields(parameters: ArchiveParameters, asked: CorrectionRequest, run: str) -> dict[str, Any]:
    """The parameters of the run that computes the row, without its manifest."""
    return {
        **parameters.model_dump(exclude={"manifest"}),
        "store": asked.store,
        "run_id": run,
        "overrides": {**parameters.overrides, **asked.overrides},
        "workers": asked.workers,
        "dask_address": asked.dask_address,
        "force": parameters.force or asked.force,
    }


def _written(masks: Mapping[str, UInt8Array], line: pd.DataFrame, folder: OutputFolder) -> Path:
    """Write masks and a manifest of one row that names them; return the manifest."""
    row = line["id"].item()
    folder.check(files=[f"{row}.csv"], folders=[f"{row}-given", row])
    with folder.folder(f"{row}-given") as draft:
        for frame, label_map in masks.items():
            (draft / f"{frame}.png").write_bytes(palette_png(label_map))
    text = line.assign(mask=str(folder.path / f"{row}-given")).to_csv(index=False)
    folder.write(f"{row}.csv", text.encode())
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
