"""Masks of the eight frames of `scenes`, as label maps."""

from pathlib import Path

from storage.datasets.images.frame_matching import VideoFrames
from storage.datasets.masks.given_masks import open_masks
from tests.storage.datasets.scenes import SIZE, UInt8Array

FRAMES = VideoFrames([f"{index:05d}" for index in range(8)], SIZE, "walk")


def maps(place: Path, frames: VideoFrames = FRAMES) -> dict[str, UInt8Array]:
    masks = open_masks(place, frames)
    return {name: read() for name, read in masks.readers.items()}
