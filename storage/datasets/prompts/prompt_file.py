"""The JSON file of boxes and points, which stands in for a file of masks.

    {"prompts": [{"box": [310, 80, 420, 300]},
                 {"object": 2, "frame": 30, "points": [[50, 60, 1], [90, 60, 0]]}]}

A point is x, y and 1 on the object or 0 beside it. `object` is 1, 2, ... in order if it is left
out, and `frame` (a name, or an index from 0) the first frame.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.datasets.images.file_checks import file_fault
from storage.datasets.prompts.grab_cut import Box, Point, object_mask
from storage.datasets.source import UInt8Array
from storage.errors import DatasetError

_MOST_BYTES = 1 << 20
_KEYS = {"object", "frame", "box", "points"}
_MOST_OBJECTS = 254


@dataclass(frozen=True)
class Prompt:
    """A box, points or both, of one object in one frame."""

    where: str
    object_id: int
    frame: str | int | None
    box: Box | None
    points: tuple[Point, ...]

    def mask(self, frame: UInt8Array) -> UInt8Array:
        """The object's mask in its frame, as `object_mask` gives it."""
        return object_mask(frame, self.box, self.points)

    def check_inside(self, size: tuple[int, int]) -> None:
        """Refuse a prompt outside a frame of a height and width; DatasetError."""
        height, width = size
        outside = any(not (0 <= p.x < width and 0 <= p.y < height) for p in self.points)
        if self.box is not None:
            x0, y0, x1, y1 = self.box
            outside |= x1 < 1 or y1 < 1 or x0 > width - 1 or y0 > height - 1
        if outside:
            raise DatasetError(
                f"{self.where} lies outside the frame, which has {width}x{height} pixels. Give "
                "pixels of the upright frame."
            )


def read_prompts(place: Path) -> list[Prompt] | None:
    """The prompts of a file; None if the file is none of prompts.

    Raises:
        DatasetError: it is one, but not in the form above.
    """
    try:
        if place.suffix.lower() != ".json" or file_fault(place):
            return None
        if place.stat().st_size > _MOST_BYTES:
            return None
        document = json.loads(place.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None  # the reader of masks reports the fault
    if not isinstance(document, dict) or "prompts" not in document:
        return None
    entries = document["prompts"]
    if not isinstance(entries, list) or not entries:
        raise DatasetError(f'{place}: "prompts" is no list of prompts. Give one per object.')
    return checked_prompts(entries, [f"{place}, prompt {n + 1}" for n in range(len(entries))])


def checked_prompts(entries: Sequence[Any], names: Sequence[str]) -> list[Prompt]:
    """The prompts of the entries of a file.

    Args:
        entries: one per prompt, in the form above.
        names: what errors call each of them.

    Raises:
        DatasetError: an entry has another form, or an object has two prompts in a frame.
    """
    named = enumerate(zip(names, entries, strict=True), 1)
    found = [_prompt(name, number, entry) for number, (name, entry) in named]
    pairs = [(prompt.object_id, prompt.frame) for prompt in found]
    for prompt, pair in zip(found, pairs, strict=True):
        if pairs.count(pair) > 1:
            raise DatasetError(
                f"{prompt.where}: object {prompt.object_id} has another prompt in the same frame. "
                "Put box and points into one, or give each object a number of its own."
            )
    return found


def prompts_of(boxes: Sequence[Box], points: Sequence[Sequence[Point]]) -> dict[str, Any]:
    """The document of a file: an object per box, then one per group of points."""
    found: list[Mapping[str, Any]] = [{"box": list(box)} for box in boxes]
    found += [{"points": [[p.x, p.y, int(p.is_object)] for p in group]} for group in points]
    return {"prompts": [{"object": number, **one} for number, one in enumerate(found, 1)]}


def _prompt(where: str, number: int, entry: Any) -> Prompt:
    if not isinstance(entry, dict) or not entry.keys() <= _KEYS:
        raise DatasetError(f"{where} is {entry!r:.60}. It has box, points, object and frame.")
    object_id, frame = entry.get("object", number), entry.get("frame")
    if type(object_id) is not int or not 1 <= object_id <= _MOST_OBJECTS:
        raise DatasetError(f"{where}: object is {object_id!r:.60}. Give 1 to {_MOST_OBJECTS}.")
    if frame is not None and type(frame) not in (int, str):
        raise DatasetError(f"{where}: frame is {frame!r:.60}. Give a name, or an index from 0.")
    box, points = entry.get("box"), entry.get("points", [])
    if box is not None:
        if not _are_numbers(box, 4) or box[0] >= box[2] or box[1] >= box[3]:
            raise DatasetError(
                f"{where}: box is {box!r:.60}. Give [x0, y0, x1, y1] in pixels, x0 below x1 and "
                "y0 below y1."
            )
        box = (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
    if not isinstance(points, list) or not all(
        _are_numbers(point, 3) and point[2] in (0, 1) for point in points
    ):
        raise DatasetError(
            f"{where}: points are {points!r:.60}. Give [x, y, 1] on the object, and [x, y, 0] "
            "beside it."
        )
    read = tuple(Point(float(x), float(y), bool(on)) for x, y, on in points)
    if box is None and not any(point.is_object for point in read):
        raise DatasetError(f"{where} has neither a box nor a point on the object. Give one.")
    return Prompt(where, object_id, frame, box, read)


def _are_numbers(values: Any, count: int) -> bool:
    return (
        isinstance(values, list)
        and len(values) == count
        and all(type(value) in (int, float) and math.isfinite(value) for value in values)
    )
