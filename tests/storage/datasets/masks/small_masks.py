"""Masks of five small frames, and COCO's run lengths of them by a simple implementation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.datasets.images.frame_matching import VideoFrames
from storage.datasets.masks.given_masks import open_masks

UInt8Array = NDArray[np.uint8]
SIZE = (8, 12)
FRAMES = VideoFrames([f"{index:05d}" for index in range(5)], SIZE)


def box(left: int, value: int = 1) -> UInt8Array:
    mask = np.zeros(SIZE, np.uint8)
    mask[2:6, left : left + 3] = value
    return mask


def maps(place: Path) -> dict[str, Any]:
    masks = open_masks(place, FRAMES)
    return {name: masks.label_map(name) for name in masks.readers}


def runs_of(mask: UInt8Array) -> list[int]:
    """COCO's run lengths of a mask, by a simple implementation."""
    runs, last = [0], 0
    for value in mask.T.reshape(-1).tolist():
        if value != last:
            runs.append(0)
            last = value
        runs[-1] += 1
    return runs


def text_of(runs: Sequence[int]) -> str:
    """COCO's text of run lengths."""
    text = ""
    for place, run in enumerate(runs):
        value = run - runs[place - 2] if place > 2 else run
        more = True
        while more:
            group = value & 31
            value >>= 5
            more = value != (-1 if group & 16 else 0)
            text += chr(48 + group + (32 if more else 0))
    return text
