"""The length that a video file declares, to find files that were truncated in copying.

Demuxers read to the end of the file and stop, so a truncated Matroska file looks like a short
video. The declared length is that of the outermost elements: boxes of ISO/IEC 14496-12 (mp4, mov),
chunks of RIFF (avi), elements of EBML (RFC 8794; mkv, webm).
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

_EBML, _SEGMENT = b"\x1aE\xdf\xa3", b"\x18S\x80g"
_RIFF = b"RIFF"
_FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"})


def missing_bytes(path: Path) -> int:
    """Number of declared bytes that are missing; 0 if the file is complete or declares none.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        begin = file.read(8)
        end_of: Callable[[BinaryIO, int], int | None]
        if begin[:4] == _RIFF:
            end_of = _chunk_end
        elif begin[:4] == _EBML:
            end_of = _element_end
        elif begin[4:] in _FIRST_BOXES:
            end_of = _box_end
        else:
            return 0
        position = 0
        while position < size:
            end = end_of(file, position)
            if end is None:
                return 0
            position = end
    return position - size


def _box_end(file: BinaryIO, position: int) -> int | None:
    file.seek(position)
    head = file.read(16)
    if len(head) < 8 or not head[4:8].isascii() or not head[4:8].strip(b"\0"):
        return None
    length = int.from_bytes(head[:4], "big")
    if length == 1 and len(head) == 16:
        length = int.from_bytes(head[8:], "big")
    return position + length if length >= 8 else None  # 0: up to the end of the file


def _chunk_end(file: BinaryIO, position: int) -> int | None:
    file.seek(position)
    head = file.read(8)
    length = int.from_bytes(head[4:], "little")
    return position + 8 + length if head[:4] == _RIFF and length else None


def _element_end(file: BinaryIO, position: int) -> int | None:
    file.seek(position)
    head = file.read(12)
    if head[:4] not in (_EBML, _SEGMENT) or len(head) < 5 or head[4] == 0:
        return None
    width = 9 - head[4].bit_length()
    value = int.from_bytes(head[4 : 4 + width], "big") & ((1 << 7 * width) - 1)
    if len(head) < 4 + width or value == (1 << 7 * width) - 1:  # all ones: unknown (live stream)
        return None
    return position + 4 + width + value
