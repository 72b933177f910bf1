"""Defines the command `maskrnn archive` and its options."""

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
    """Options that choose the rows and limit what they may use.

    Attributes:
        resolution: Short side of the frames in pixels; label maps keep the size of the video.
            Default: 240.
        soft_masks: Also keep the probability of every object, with 8 bits per value.
        leave_failed: Skip rows that failed before, unless their files have changed.
        skip_bad: Skip rows that cannot be used and process the others.
        batch_size: Rows per Prefect task run, at most 500.
        slice_rows: Most rows that a worker gets at once; it gets fewer if they are long.
        fetch_gigabytes: Most gigabytes to download for one row.
        fetch_seconds: Most seconds to download one file.
        trust_manifest: Allow a downloaded manifest to name files of this machine and hosts of the
            local network.
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
    """Segment every video in a table with columns video, mask, and id, priority, start, end.

    The same command again processes rows that are missing, failed or new. Videos and masks may be
    local, http(s):// or s3://. The preset lucid needs nothing else. Others take --parent, or their
    parent for the generated data set, which is trained if it is missing.

    Parameters
    ----------
    manifest
        A .csv or .parquet file.
    """

    def segment_rows() -> int:
        from flows.commands.archive import segment_archive

        fields = as_fields(options, method, run, store)
        return segment_archive(manifest, fields, dry_run=run.dry_run)

    return guarded(segment_rows, store)
