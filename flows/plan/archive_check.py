"""Checks before any row, from a sample of rows, that an archive fits on this machine."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from flows.plan.archive_parameters import ArchiveParameters
from flows.plan.machine_check import check_machine
from flows.plan.memory_check import local_machine, refusal, segmenting_needs, too_large
from flows.plan.resolved_archive import ResolvedArchive
from flows.plan.space_check import free_bytes, no_room
from storage.archive.uris import LOCAL, protocol_of
from storage.datasets.images.image_files import image_files, image_size
from storage.datasets.video.container import stated_extent
from storage.errors import StorageError
from storage.kinds.videos import working_size
from storage.store.artifacts import ArtifactStore
from tasks.machine.resources import plan_workers
from tasks.machine.space_needed import VideoExtent, mean_extent, soft_mask_bytes, stage_bytes

_SAMPLE = 12
"""How many rows have their video read for the estimate."""
_MOST_RATE = 120.0
"""Highest frame rate, in frames per second, that we trust."""


def check_archive_memory(archive: ResolvedArchive) -> None:
    """Compare the memory that rows need with that of this machine's workers, unless forced.

    Args:
        archive: the resolved archive.

    Raises:
        ParameterError: parent or rows do not fit; states what is needed, available, and to do.
    """
    parameters = archive.parameters
    if parameters.force:
        return
    preset = archive.configuration.preset
    if preset.network is not None and parameters.parent is None:
        check_machine(archive.training)
    machine = local_machine(parameters)
    extent = _sampled_extent(archive.manifest.table, parameters.resolution)
    if preset.network is None or machine is None or extent is None:
        return
    workers = len(plan_workers(machine, parameters.workers))
    for need in too_large(segmenting_needs(preset, extent, workers), machine):
        raise refusal(need, machine, extent)


def check_archive_space(
    parameters: ArchiveParameters, store: ArtifactStore, rows: pd.DataFrame
) -> None:
    """Compare the bytes that the remaining rows will write with what is free on a local store.

    Args:
        parameters: the parameters of the run.
        store: where predictions are written.
        rows: rows of the checked manifest that are still to be processed.

    Raises:
        ParameterError: they do not fit; states what is needed, what is available, and what to do.
    """
    if parameters.force or not store.folder.is_local:
        return
    need, free = archive_bytes(parameters, rows), free_bytes(store)
    if need is not None and need > free:
        cures = "split the manifest" + (", leave out --soft-masks" if parameters.soft_masks else "")
        raise no_room("archive", need, free, store.url, cures)


def archive_bytes(parameters: ArchiveParameters, rows: pd.DataFrame) -> int | None:
    """Return the bytes that rows will write, from a sample; None if no video can be read."""
    extent = _sampled_extent(rows, parameters.resolution)
    if extent is None:
        return None
    each = stage_bytes("segment", extent)
    if parameters.soft_masks:
        each += soft_mask_bytes(extent)
    return len(rows) * each


def _sampled_extent(rows: pd.DataFrame, short_side: int | None) -> VideoExtent | None:
    """Return mean length and largest size of a few local videos; None if none can be read."""
    local = rows[rows["video"].map(protocol_of) == LOCAL]
    sample = local.iloc[:: max(1, len(local) // _SAMPLE)]
    extents = list(_extents(sample, short_side))
    return mean_extent(extents) if extents else None


def _extents(sample: pd.DataFrame, short_side: int | None) -> Iterator[VideoExtent]:
    columns = (sample[name].tolist() for name in ("video", "start", "end"))
    for video, start, end in zip(*columns, strict=True):
        try:
            frames, size = _frames_and_size(Path(video), start, end)
        except (StorageError, OSError):
            continue  # the row fails by itself in its turn
        yield VideoExtent(frames, working_size(size, short_side), size, objects=1)


def _frames_and_size(video: Path, start: float, end: float) -> tuple[int, tuple[int, int]]:
    """Return frames from start to end (NaN: not cut there) and size, as the container states."""
    if video.is_dir():
        files = image_files(video)
        return len(files), image_size(files[0])
    rate, seconds, size = stated_extent(video)
    shown = min(seconds, np.nan_to_num(end, nan=seconds)) - np.nan_to_num(start, nan=0.0)
    return int(min(rate, _MOST_RATE) * max(0.0, shown)), size
