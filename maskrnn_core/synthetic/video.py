"""Synthetic videos: frames, label maps and exact flow, rendered on demand."""

from collections.abc import Iterator
from functools import cached_property
from typing import Literal

import numpy as np

from maskrnn_core.digest import stable_digest
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.synthetic.layers import Body
from maskrnn_core.synthetic.options import SyntheticOptions
from maskrnn_core.synthetic.scene import Scene, random_scene
from maskrnn_core.synthetic.texture import Float64Array, to_uint8
from maskrnn_core.video import FloatArray, UInt8Array

GENERATOR_VERSION = 1
"""Part of every fingerprint; increase it when the same options give other pixels."""

Split = Literal["train", "val"]
SPLITS: tuple[Split, ...] = ("train", "val")


def synthetic_videos(
    split: Split, options: SyntheticOptions | None = None
) -> list["SyntheticVideo"]:
    """All videos of a split; both splits have the same distribution, but no scene in common.

    Raises:
        InvalidInputError: the split is unknown.
    """
    options = options or SyntheticOptions()
    _check_split(split)
    count = options.videos_train if split == "train" else options.videos_val
    return [SyntheticVideo(split, index, options) for index in range(count)]


class SyntheticVideo:
    """One video; implements `maskrnn_core.video.Video` with the exact flow.

    Every frame takes the same time, in any order. All objects are completely visible in frame 0.
    Frames are anti-aliased; label maps are not.

    The flow at a pixel is the motion of the surface that is visible there, even if that surface is
    hidden or outside the frame at the other time.
    """

    dataset = "synthetic"

    def __init__(self, split: Split, index: int, options: SyntheticOptions) -> None:
        _check_split(split)
        self.split: Split = split
        self.index = index
        self.options = options
        self.name = f"{split}-{index:03d}"
        self.frame_count = options.frames_train if split == "train" else options.frames_val
        count = options.object_counts[index % len(options.object_counts)]
        self.objects = tuple(range(1, count + 1))

    def __reduce__(self) -> tuple[type["SyntheticVideo"], tuple[Split, int, SyntheticOptions]]:
        # Pickle only the options: the textures are large and can be made again.
        return SyntheticVideo, (self.split, self.index, self.options)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width, pixels."""
        return self.options.size

    @property
    def output_size(self) -> tuple[int, int]:
        """The same as `size`."""
        return self.options.size

    @property
    def frame_names(self) -> tuple[str, ...]:
        """Five digits per frame, as in DAVIS."""
        return tuple(f"{index:05d}" for index in range(self.frame_count))

    def fingerprint(self) -> str:
        """sha256 (hex) of everything that determines the pixels; nothing is rendered."""
        return stable_digest([GENERATOR_VERSION, self.split, self.index, self.options])

    def first_frame(self, object_id: int) -> int:
        """Always 0.

        Raises:
            InvalidInputError: the video does not have this object.
        """
        if object_id not in self.objects:
            raise InvalidInputError(
                f"{self.name} has no object {object_id}: its objects are {self.objects}"
            )
        return 0

    def frame(self, index: int) -> UInt8Array:
        """Frame uint8 (H, W, 3), RGB."""
        self._check_index(index)
        image = self._scene.background.colour(self._grid, index).reshape(*self.size, 3)
        for body, place, points in self._windows(index):
            colour, opacity = body.appearance(points, index)
            patch = image[place]
            patch += opacity.reshape(*patch.shape[:2], 1) * (colour.reshape(patch.shape) - patch)
        image *= 1.0 + self._scene.light.at(index)
        return to_uint8(image + self._noise(index))

    def label_map(self, index: int) -> UInt8Array:
        """Label map uint8 (H, W): 0 background and distractors, 1..N objects."""
        self._check_index(index)
        labels = np.zeros(self.size, np.uint8)
        for body, place, points in self._windows(index):
            _, opacity = body.appearance(points, index)
            patch = labels[place]
            patch[(opacity >= 0.5).reshape(patch.shape)] = body.label
        return labels

    def annotation(self, index: int) -> UInt8Array:
        """The same as `label_map`: every frame is annotated, at the frames' size."""
        return self.label_map(index)

    def backward_flow(self, index: int) -> FloatArray | None:
        """Exact flow[index -> index - 1], float32 (H, W, 2), pixels; None at index 0."""
        self._check_index(index)
        return None if index == 0 else self._flow(index, index - 1)

    def forward_flow(self, index: int) -> FloatArray | None:
        """Exact flow[index -> index + 1], float32 (H, W, 2), pixels; None at the end."""
        self._check_index(index)
        return None if index == self.frame_count - 1 else self._flow(index, index + 1)

    @cached_property
    def _scene(self) -> Scene:
        return random_scene(self._generator(0), self.options, self.index, self.frame_count)

    @cached_property
    def _grid(self) -> Float64Array:
        y, x = np.mgrid[: self.size[0], : self.size[1]]
        return np.stack([x, y], axis=-1).reshape(-1, 2).astype(np.float64)

    def _generator(self, stream: int) -> np.random.Generator:
        split = SPLITS.index(self.split)
        entropy = [self.options.seed, split, self.index, stream]
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))

    def _noise(self, index: int) -> Float64Array:
        """Nearly normal noise: the sum of four uniform bytes, in integer arithmetic."""
        draws = self._generator(index + 1).integers(0, 256, (4, *self.size, 3), dtype=np.uint8)
        unit = 2.0 * np.sqrt((256.0**2 - 1.0) / 12.0)
        pairs = draws[:2].astype(np.int16) + draws[2:]
        noise: Float64Array = (pairs[0] + pairs[1] - 510.0) * (self.options.noise / unit)
        return noise

    def _windows(self, index: int) -> Iterator[tuple[Body, tuple[slice, slice], Float64Array]]:
        """Bodies from back to front, with the part of the frame they can cover and its points."""
        grid = self._grid.reshape(*self.size, 2)
        for body in self._scene.bodies:
            x0, y0, x1, y1 = body.window(index, self.size)
            if x1 > x0 and y1 > y0:
                place = (slice(y0, y1), slice(x0, x1))
                yield body, place, grid[place].reshape(-1, 2)

    def _flow(self, index: int, other: int) -> FloatArray:
        camera = self._scene.background.motion
        target = camera.to_image(camera.to_material(self._grid, index), other)
        target = target.reshape(*self.size, 2)
        for body, place, points in self._windows(index):
            _, opacity = body.appearance(points, index)
            seen = opacity >= 0.5
            moved = body.motion.to_image(body.motion.to_material(points[seen], index), other)
            target[place][seen.reshape(target[place].shape[:2])] = moved
        return (target - self._grid.reshape(*self.size, 2)).astype(np.float32)

    def _check_index(self, index: int) -> None:
        if not 0 <= index < self.frame_count:
            raise InvalidInputError(
                f"{self.name} has no frame {index}: it has frames 0 to {self.frame_count - 1}"
            )


def _check_split(split: str) -> None:
    if split not in SPLITS:
        raise InvalidInputError(f"unknown split {split!r}: the synthetic splits are train and val")
