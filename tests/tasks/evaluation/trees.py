"""Tiny data sets and predictions for the tests of evaluation."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE = (24, 32)

LabelMap = NDArray[np.uint8]


def moving(objects: int, index: int, shift: int = 0) -> LabelMap:
    """Squares side by side on their way down."""
    labels = np.zeros(SIZE, np.uint8)
    for number in range(1, objects + 1):
        top, left = 2 + index, 9 * number - 7 + shift
        labels[top : top + 8, left : left + 7] = number
    return labels


def save(path: Path, labels: LabelMap, mode: str = "P") -> None:
    """A palette PNG of label maps, or a black and white one in another mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if mode == "P":
        image = Image.frombytes("P", (labels.shape[1], labels.shape[0]), labels.tobytes())
        image.putpalette([value for i in range(256) for value in (i, 255 - i, 7 * i % 256)])
    else:
        image = Image.fromarray(np.where(labels > 0, 255, 0).astype(np.uint8)).convert(mode)
    image.save(path)


def write_davis(root: Path, year: str, videos: Mapping[str, int], frames: int = 6) -> Path:
    """Annotations and image set only; `videos` are names and numbers of objects."""
    mode = "P" if year == "2017" else "L"
    for video, objects in videos.items():
        for index in range(frames):
            path = root / "Annotations" / "480p" / video / f"{index:05d}.png"
            save(path, moving(objects, index), mode)
    folder = root / "ImageSets" / ("2017" if year == "2017" else "480p")
    folder.mkdir(parents=True)
    (folder / "val.txt").write_text("".join(f"{video}\n" for video in videos))
    return root


def write_predictions(
    folder: Path,
    videos: Mapping[str, int],
    frames: Sequence[int] = range(6),
    mode: str = "P",
    shift: int = 1,
) -> Path:
    """The same squares, `shift` pixels to the right."""
    for video, objects in videos.items():
        for index in frames:
            save(folder / video / f"{index:05d}.png", moving(objects, index, shift), mode)
    return folder
