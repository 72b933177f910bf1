"""The interface of videos in the core: frames, label maps and flow, one at a time."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

UInt8Array = NDArray[np.uint8]
FloatArray = NDArray[np.float32]

VOID = 255
"""Label of pixels that losses and metrics ignore."""


class Video(Protocol):
    """Random access to one video; nothing stays in memory between calls."""

    @property
    def name(self) -> str: ...

    @property
    def frame_count(self) -> int: ...

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of frames, label maps and flow, in pixels."""
        ...

    @property
    def output_size(self) -> tuple[int, int]:
        """Height and width of the source's annotations; predictions are resized to this size."""
        ...

    @property
    def objects(self) -> Sequence[int]:
        """Ids of the objects to follow, ascending."""
        ...

    def first_frame(self, object_id: int) -> int:
        """Index of the first frame in which the object is annotated."""
        ...

    def frame(self, index: int) -> UInt8Array:
        """Frame as uint8 (H, W, 3), RGB."""
        ...

    def label_map(self, index: int) -> UInt8Array | None:
        """Label map as uint8 (H, W): 0 background, 1..N objects, 255 void; None if unannotated."""
        ...

    def annotation(self, index: int) -> UInt8Array | None:
        """The label map of the source, at `output_size`; None if unannotated."""
        ...

    def backward_flow(self, index: int) -> FloatArray | None:
        """flow[index -> index - 1], float32 (H, W, 2), (dx, dy) in pixels; None at index 0."""
        ...

    def forward_flow(self, index: int) -> FloatArray | None:
        """flow[index -> index + 1], float32 (H, W, 2), (dx, dy) in pixels; None at the end."""
        ...
