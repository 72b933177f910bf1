"""Writes the parts of a page that show videos: files beside the page, or blocks inside it."""

import json
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskrnn_core.digest import stable_digest
from maskrnn_core.drawing.overlays import overlay
from storage.errors import StorageError
from storage.files.local_files import replacing
from tasks.machine.resources import this_machine
from tasks.pages.findings import WorstFrame
from tasks.pages.sheets import jpeg, reduced, reduced_labels, sheet_form
from tasks.pages.shown import ShownVideo
from tasks.pages.video_part import Detail, data_url, video_part
from tasks.progress_lines import ProgressLines

MEDIA = "media"
"""Folder of the parts, beside the page."""
_FORM = 1
"""Raised when parts of the same results begin to look different."""
_THUMBNAIL = 240

EMBEDDED = (Detail(400, 55, 400, 160), Detail(320, 50, 320, 120), Detail(240, 40, 320, 0))
"""Detail of embedded media, from fine to coarse."""
_EMBEDDED_BYTES = 22e6
"""Media of a page that embeds them; the page stays small enough to be sent by mail."""
_BYTES_PER_FRAME = (19e3, 12.5e3, 6e3)
"""Size of a frame with its masks and flow as text, by detail; natural videos need the most."""


@dataclass(frozen=True)
class Part:
    """One video in a page.

    Args:
        token: identifies the video in names of files and elements.
        address: of the file, relative to the page; None if the part is inside the page.
        content: the part; None if it is in a file.
    """

    token: str
    address: str | None
    content: dict[str, Any] | None


def token_of(video: str) -> str:
    """A name for files that contains nothing of the video's name, which may be any text."""
    return stable_digest(video)[:16]


def write_parts(
    names: Sequence[str], shown: Callable[[str], ShownVideo | None], folder: Path
) -> dict[str, Part]:
    """Write a part for every video that can be shown, unless it exists; return them by name.

    Args:
        names: videos.
        shown: returns what to show of a video; None if there is nothing.
        folder: of the page.
    """

    def write(name: str) -> Part | None:
        try:
            found = shown(name)
            return None if found is None else _written(found, folder, former)
        except StorageError:
            return None  # removed or damaged artifacts; `maskrnn verify` names them

    former = _pictures_by_token(folder / MEDIA)
    lines = ProgressLines("videos of the page", len(names))
    with ThreadPoolExecutor(this_machine().cores) as pool:
        written = list(lines.over(pool.map(write, names)))
    return {n: part for n, part in zip(names, written, strict=True) if part is not None}


def embedded_parts(
    names: Sequence[str], shown: Callable[[str], ShownVideo | None], frames: int
) -> dict[str, Part]:
    """Return parts to embed, of as many videos as a page can hold, in the order of `names`.

    Args:
        names: videos, the most important first.
        shown: as for `write_parts`.
        frames: number of frames of all videos.
    """
    fits = [n for n, size in enumerate(_BYTES_PER_FRAME) if frames * size <= _EMBEDDED_BYTES]
    detail = EMBEDDED[fits[0] if fits else -1]
    parts: dict[str, Part] = {}
    spent = 0
    for name in names:
        try:
            found = shown(name)
        except StorageError:
            continue
        if found is None:
            continue
        content = video_part(found, lambda _, data: data_url("image/jpeg", data), detail)
        spent += len(json.dumps(content))
        if spent > _EMBEDDED_BYTES and parts:
            break
        parts[name] = Part(token_of(name), None, content)
    return parts


def put_media(file: Path, data: bytes) -> None:
    """Write a file so that no reader ever sees a part of it; it can be made again if it is lost."""
    draft = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    with replacing(str(file), str(draft), durable=False) as opened:
        opened.write(data)


def worst_picture(shown: ShownVideo, method: str, worst: WorstFrame) -> bytes:
    """Return a small JPEG of a frame with the predicted objects."""
    frame = shown.video.frame(worst.frame)
    form = sheet_form(frame.shape[:2], _THUMBNAIL)
    labels = reduced_labels(shown.methods[method].label_map(worst.frame), form)
    return jpeg(overlay(reduced(frame, form), labels, 0.5), 60)


def _pictures_by_token(media: Path) -> Mapping[str, Sequence[Path]]:
    """The pictures that are there, from one listing of a folder that may hold thousands."""
    found: defaultdict[str, list[Path]] = defaultdict(list)
    for file in media.glob("*-*"):
        found[file.name.partition("-")[0]].append(file)
    return found


def _written(shown: ShownVideo, folder: Path, former: Mapping[str, Sequence[Path]]) -> Part:
    token = token_of(shown.name)
    file = folder / MEDIA / f"{token}.js"
    digest = stable_digest({"form": _FORM, "key": shown.key})
    head = f"// {digest}\n".encode()
    part = Part(token, f"{MEDIA}/{token}.js", None)
    if file.exists() and _begins_with(file, head):
        return part

    def place(name: str, data: bytes) -> str:
        # The digest is in the name, because a browser may have kept the file of an earlier result.
        address = f"{MEDIA}/{token}-{digest[:8]}-{name}"
        put_media(folder / address, data)
        return address

    for picture in former.get(token, ()):
        picture.unlink()
    content = video_part(shown, place, Detail())
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    put_media(file, head + f'maskrnnPart("{token}",{text});\n'.encode())
    return part


def _begins_with(file: Path, head: bytes) -> bool:
    with file.open("rb") as opened:
        return opened.read(len(head)) == head
