"""Names of videos and frames: results are kept in files of these names."""

from pathlib import PurePath

_MOST_BYTES = 180
"""Leaves room for what is put before and behind it, in the 255 bytes that file systems allow."""


def name_fault(name: str) -> str | None:
    """Why a name cannot be that of a file in a folder, wherever it is kept; None where it can."""
    if name in {"", ".", ".."} or PurePath(name).name != name:
        return "would lead out of its folder"
    if not name.isprintable():
        return "holds characters that cannot be printed"
    if len(name.encode()) > _MOST_BYTES:
        return f"has more than {_MOST_BYTES} bytes"
    return None
