"""The interface of source videos, independent of their files."""

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

UInt8Array = NDArray[np.uint8]

VOID = 255
"""Label of pixels that losses and metrics ignore."""


class SourceVideo(Protocol):
    """Random access to the frames and annotations of one video, decoded on demand."""

    @property
    def dataset(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def frame_count(self) -> int: ...

    @property
    def frame_names(self) -> tuple[str, ...]:
        """Names for exported results, such as "00000"; unique, in the order of the frames."""
        ...

    @property
    def objects(self) -> tuple[int, ...]:
        """Ids (1..254) of the objects to follow, ascending; gaps are allowed."""
        ...

    def fingerprint(self) -> str:
        """sha256 (hex) of everything that determines frames and label maps; decodes nothing."""
        ...

    def frame(self, index: int) -> UInt8Array:
        """Frame as uint8 (H, W, 3), RGB."""
        ...

    def label_map(self, index: int) -> UInt8Array | None:
        """Label map as uint8 (H, W): 0 background, 1..254 objects, 255 void, or None."""
        ...


@runtime_checkable
class RemarkedVideo(Protocol):
    """A source that knows what a person should check about it."""

    def remarks(self) -> list[str]:
        """Unusual readings and masks, a sentence each; DatasetError as for the label maps."""
        ...


@runtime_checkable
class TimedVideo(Protocol):
    """A source that knows the display time of each frame."""

    @property
    def frame_times(self) -> tuple[float, ...] | None:
        """Seconds from the start, one per frame; None if unknown."""
        ...
