"""The files of one row, on the local disk while they are needed."""

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
    """Local paths, and the bytes and seconds of fetching (0 if all files were local)."""

    video: Path
    mask: Path
    bytes: int = 0
    seconds: float = 0.0


@contextmanager
def row_files(video: str, mask: str, limits: FetchLimits) -> Iterator[RowFiles]:
    """Video and mask of a row as local files; remote files are fetched for the block.

    Args:
        video: path or address.
        mask: path or address.
        limits: limits for fetching.

    Raises:
        FetchError, UnavailableError: as `fetch`.
    """
    if protocol_of(video) == protocol_of(mask) == LOCAL:
        yield RowFiles(Path(video), Path(mask))
        return
    with scratch() as folder:
        started = time.perf_counter()
        # Fetch the mask first: it is small, and a row without a mask need not fetch its video.
        mask_file, taken = _local(mask, folder / f"mask{safe_suffix(mask)}", limits)
        rest = replace(limits, bytes=limits.bytes - taken)
        video_file, length = _local(video, folder / f"video{safe_suffix(video)}", rest)
        yield RowFiles(video_file, mask_file, taken + length, time.perf_counter() - started)


def _local(uri: str, target: Path, limits: FetchLimits) -> tuple[Path, int]:
    if protocol_of(uri) == LOCAL:
        return Path(uri), 0
    return target, fetch(uri, target, limits)
