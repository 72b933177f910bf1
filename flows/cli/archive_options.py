"""The command `maskrnn archive` and its options."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Group, Parameter

from flows.console.guarded_command import guarded
from flows.console.options import MethodOptions, StoreOptions, WorkOptions, as_fields

_GROUP = Group("Archive")

Flag = Annotated[bool, Parameter(group=_GROUP, negative="")]


@Parameter(name="*", group=_GROUP)
@dataclass(frozen=True)
class ArchiveOptions:
    """Which rows, and what they may take.

    Attributes:
        resolution: Short side of the frames in pixels; label maps have the video's size.
            Default: 240.
        soft_masks: Keep the probability of every object, too, at 8 bits.
        leave_failed: Leave rows alone that failed before, unless their files have changed.
        skip_bad: Leave out rows that cannot be used, and do the others.
        batch_size: Rows that one Prefect task run stands for, at most 500.
        slice_rows: Rows that a worker gets at once, at most; fewer when they are long.
        fetch_gigabytes: Of the files of a row that are fetched, at most.
        fetch_seconds: Seconds that fetching a file may take.
        trust_manifest: Let a manifest that was fetched name files of this machine, and hosts of
            one's own network.
    """

    resolution: int | None = None
    soft_masks: Flag = False
    leave_failed: Flag = False
    skip_bad: Flag = False
    batch_size: int = 200
    slice_rows: int = 100
    fetch_gigabytes: float = 20.0
    fetch_seconds: float = 3600.0
    trust_manifest: Flag = False


_ARCHIVE = ArchiveOptions()
_METHOD = MethodOptions()
_STORE = StoreOptions()
_WORK = WorkOptions()


def archive(
    manifest: str,
    *,
    options: ArchiveOptions = _ARCHIVE,
    method: MethodOptions = _METHOD,
    run: WorkOptions = _WORK,
    store: StoreOptions = _STORE,
) -> int:
    """Segment every video that a table names: columns video, mask, and id, priority, start, end.

    The same command again does what is missing, failed or new. Videos and masks may be local,
    http(s):// or s3://. Without --parent, the parent that the preset makes on generated data is
    taken, or trained.

    Parameters
    ----------
    manifest
        A .csv or .parquet file.
    """

    def segment_rows() -> int:
        from flows.commands.archive import segment_archive

        return segment_archive(manifest, as_fields(options, method, run, store))

    return guarded(segment_rows, store.debug)
