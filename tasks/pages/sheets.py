"""Puts the frames of a video into few pictures, sheets, from which a page cuts single frames."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np

from maskrnn_core.video import UInt8Array

_COLUMNS = 10
_ROWS = 6


@dataclass(frozen=True)
class SheetForm:
    """How frames lie in sheets: row by row, `columns` in a row, `rows` in a sheet."""

    width: int
    height: int
    columns: int = _COLUMNS
    rows: int = _ROWS

    @property
    def count(self) -> int:
        """Number of frames in a full sheet."""
        return self.columns * self.rows

    def as_json(self) -> dict[str, int]:
        """The form as the script of the page reads it."""
        return {"w": self.width, "h": self.height, "columns": self.columns, "count": self.count}


def sheet_form(size: Sequence[int], longest: int) -> SheetForm:
    """The form for frames of a size (H, W) whose longer side is reduced to `longest` pixels."""
    height, width = size[0], size[1]
    scale = min(1.0, longest / max(height, width))
    return SheetForm(max(1, round(width * scale)), max(1, round(height * scale)))


def sheets(pictures: Iterable[UInt8Array], form: SheetForm) -> Iterator[UInt8Array]:
    """Yield sheets of pictures that have the form's size; the last sheet is as high as needed."""
    rest = iter(pictures)
    while group := list(islice(rest, form.count)):
        rows = -(-len(group) // form.columns)
        columns = min(form.columns, len(group))
        shape = (rows * form.height, columns * form.width, *group[0].shape[2:])
        sheet = np.zeros(shape, np.uint8)
        for place, picture in enumerate(group):
            y, x = place // form.columns * form.height, place % form.columns * form.width
            sheet[y : y + form.height, x : x + form.width] = picture
        yield sheet


def reduced(picture: UInt8Array, form: SheetForm) -> UInt8Array:
    """A picture (H, W, 3) at the form's size."""
    size = (form.width, form.height)
    if picture.shape[:2] == size[::-1]:
        return picture
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def reduced_labels(labels: UInt8Array, form: SheetForm) -> UInt8Array:
    """A label map (H, W) at the form's size; every pixel keeps a label that was there."""
    size = (form.width, form.height)
    if labels.shape == size[::-1]:
        return labels
    return np.asarray(cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST), np.uint8)


def jpeg(picture: UInt8Array, quality: int) -> bytes:
    """A picture (H, W, 3), RGB, as a JPEG file."""
    turned = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".jpg", turned, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])


def label_png(labels: UInt8Array) -> bytes:
    """Label maps (H, W) as a grey PNG file, whose grey levels are the labels."""
    return bytes(cv2.imencode(".png", labels, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1])
