"""Whether a run can fit on this machine, found out before it starts from a few of its videos."""

from flows.plan.memory_check import check_memory
from flows.plan.resolved_run import ResolvedRun
from flows.plan.space_check import check_space
from storage.datasets.source import SourceVideo
from storage.errors import StorageError
from storage.kinds.videos import working_size
from tasks.machine.space_needed import VideoExtent, mean_extent

_SAMPLE = 12
"""Videos of which a frame is decoded."""


def check_machine(run: ResolvedRun) -> None:
    """Refuse a run that needs more disk or memory than there is, unless it is forced.

    Raises:
        ParameterError: names need, what there is, and the cure.
    """
    if run.parameters.force:
        return
    extent = sampled_extent(run)
    if extent is not None:
        check_space(run, extent)
        check_memory(run, extent)


def sampled_extent(run: ResolvedRun) -> VideoExtent | None:
    """Mean frames and objects and the largest size of a few videos; None if none can be read."""
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
        return None  # it fails by itself, when its turn comes
