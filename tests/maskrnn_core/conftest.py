"""A tiny video of a square that moves, in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from maskrnn_core.video import FloatArray, UInt8Array


@dataclass
class ArrayVideo:
    """Satisfies `maskrnn_core.video.Video` from arrays."""

    frames: list[UInt8Array]
    label_maps: list[UInt8Array | None]
    motion: tuple[int, int] = (0, 0)
    output_size: tuple[int, int] = (0, 0)
    annotations: dict[int, UInt8Array] = field(default_factory=dict)
    name: str = "square"

    def __post_init__(self) -> None:
        if self.output_size == (0, 0):
            self.output_size = self.size

    @property
    def frame_count(self) -> int:
        return len(self.frames)

    @property
    def size(self) -> tuple[int, int]:
        return self.frames[0].shape[0], self.frames[0].shape[1]

    @property
    def objects(self) -> Sequence[int]:
        present = {int(i) for m in self.label_maps if m is not None for i in np.unique(m)}
        return sorted(present - {0, 255})

    def first_frame(self, object_id: int) -> int:
        for index, label_map in enumerate(self.label_maps):
            if label_map is not None and (label_map == object_id).any():
                return index
        raise KeyError(object_id)

    def frame(self, index: int) -> UInt8Array:
        return self.frames[index]

    def label_map(self, index: int) -> UInt8Array | None:
        return self.label_maps[index]

    def annotation(self, index: int) -> UInt8Array | None:
        return self.annotations.get(index, self.label_maps[index])

    def backward_flow(self, index: int) -> FloatArray | None:
        return None if index == 0 else self._flow(-1)

    def forward_flow(self, index: int) -> FloatArray | None:
        return None if index == self.frame_count - 1 else self._flow(1)

    def _flow(self, sign: int) -> FloatArray:
        flow = np.zeros((*self.size, 2), dtype=np.float32)
        flow[...] = np.array(self.motion, dtype=np.float32) * sign
        return flow


def square_video(
    count: int = 4, size: tuple[int, int] = (32, 48), motion: tuple[int, int] = (3, 1)
) -> ArrayVideo:
    """A bright textured square of 12 pixels on a dark textured ground, moved by `motion`."""
    rng = np.random.default_rng(7)
    ground = rng.integers(0, 90, (*size, 3), dtype=np.uint8)
    texture = rng.integers(160, 255, (12, 12, 3), dtype=np.uint8)
    frames: list[UInt8Array] = []
    label_maps: list[UInt8Array | None] = []
    for index in range(count):
        x, y = 8 + motion[0] * index, 8 + motion[1] * index
        frame, label_map = ground.copy(), np.zeros(size, dtype=np.uint8)
        frame[y : y + 12, x : x + 12] = texture
        label_map[y : y + 12, x : x + 12] = 1
        frames.append(frame)
        label_maps.append(label_map)
    return ArrayVideo(frames, label_maps, motion)


@pytest.fixture
def make_video() -> Callable[..., ArrayVideo]:
    """Factory of `square_video`."""
    return square_video


@pytest.fixture
def video() -> ArrayVideo:
    """Four frames of a moving square."""
    return square_video()
