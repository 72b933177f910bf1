"""Names of videos and frames; results are stored in files with these names."""

from pathlib import PurePath

_MOST_BYTES = 180
"""Limit in bytes. File systems allow 255; the rest is for prefixes and suffixes."""


def name_fault(name: str) -> str | None:
    """Why a name cannot be the name of a file, on any kind of store; None if it can."""
    if name in {"", ".", ".."} or PurePath(name).name != name:
        return "would lead out of its folder"
    if not name.isprintable():
        return "contains characters that cannot be printed"
    if len(name.encode()) > _MOST_BYTES:
        return f"has more than {_MOST_BYTES} bytes"
    return None
