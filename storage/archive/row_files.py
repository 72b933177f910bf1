"""The files of one row, on this disk for as long as they are needed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from storage.archive.fetching import FetchLimits, fetch
from storage.archive.scratch import scratch
from storage.archive.uris import LOCAL, protocol_of, safe_suffix


@dataclass(frozen=True)
class RowFiles:
    """Local paths; what fetching took, in bytes and seconds (0 where all was here)."""

    video: Path
    mask: Path
    bytes: int = 0
    seconds: float = 0.0


@contextmanager
def row_files(video: str, mask: str, limits: FetchLimits) -> Iterator[RowFiles]:
    """Video and mask of a row as local files: used where they are, or fetched for the block.

    Args:
        video: path, or address.
        mask: path, or address.
        limits: of what is fetched.

    Raises:
        FetchError, UnavailableError: as `fetch`.
    """
    if protocol_of(video) == protocol_of(mask) == LOCAL:
        yield RowFiles(Path(video), Path(mask))
        return
    with scratch() as folder:
        started = time.perf_counter()
        # The mask first: it is small, and a row without one need not wait for its video.
        mask_file, taken = _local(mask, folder / f"mask{safe_suffix(mask)}", limits)
        rest = replace(limits, bytes=limits.bytes - taken)
        video_file, length = _local(video, folder / f"video{safe_suffix(video)}", rest)
        yield RowFiles(video_file, mask_file, taken + length, time.perf_counter() - started)


def _local(uri: str, target: Path, limits: FetchLimits) -> tuple[Path, int]:
    if protocol_of(uri) == LOCAL:
        return Path(uri), 0
    return target, fetch(uri, target, limits)
