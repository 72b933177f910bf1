"""Ids of the rows of a manifest; results are stored by these names."""

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import PurePosixPath
from urllib.parse import unquote

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""A safe id: a valid file name that cannot lead out of its folder."""

_OTHER = re.compile(r"[^A-Za-z0-9_-]+")
_SHOWN = 60
_DIGITS = 12


def made_ids(
    given: Sequence[str],
    videos: Sequence[str],
    masks: Sequence[str],
    starts: Iterable[float],
    ends: Iterable[float],
) -> list[str]:
    """The given ids; for rows without one, the name of the video and a digest of the row.

    A made id therefore stays the same when the manifest grows or is sorted again.
    """
    rows = zip(given, videos, masks, starts, ends, strict=True)
    return [row_id or _made(video, mask, start, end) for row_id, video, mask, start, end in rows]


def _made(video: str, mask: str, start: float, end: float) -> str:
    stem = PurePosixPath(unquote(video.split("?", 1)[0])).stem
    digest = sha256("\n".join((video, mask, str(start), str(end))).encode()).hexdigest()
    return f"{_OTHER.sub('-', stem).strip('-_')[:_SHOWN] or 'video'}-{digest[:_DIGITS]}"
