"""Checks before a run, from a sample of its videos, that it fits on this machine."""

from flows.plan.memory_check import check_memory
from flows.plan.resolved_run import ResolvedRun
from flows.plan.space_check import check_space
from storage.datasets.source import SourceVideo
from storage.errors import StorageError
from storage.kinds.videos import working_size
from tasks.machine.space_needed import VideoExtent, mean_extent

_SAMPLE = 12
"""How many videos have a frame decoded for the estimate."""


def check_machine(run: ResolvedRun) -> None:
    """Refuse a run that needs more disk or memory than is available, unless it is forced.

    Raises:
        ParameterError: states what is needed, what is available, and what to do.
    """
    if run.parameters.force:
        return
    extent = sampled_extent(run)
    if extent is not None:
        check_space(run, extent)
        check_memory(run, extent)


def sampled_extent(run: ResolvedRun) -> VideoExtent | None:
    """Return mean frames and objects and largest size of a few videos; None if unreadable."""
    step = max(1, len(run.sources) // _SAMPLE)
    extents = [
        extent
        for source in run.sources[::step]
        if (extent := _extent(source, run.parameters.resolution)) is not None
    ]
    return mean_extent(extents) if extents else None


def _extent(source: SourceVideo, short_side: int | None) -> VideoExtent | None:
    try:
        height, width = source.frame(0).shape[:2]
        size = working_size((height, width), short_side)
        return VideoExtent(source.frame_count, size, (height, width), len(source.objects))
    except StorageError:
        return None  # the video fails by itself in its turn
