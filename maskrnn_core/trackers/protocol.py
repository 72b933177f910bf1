"""The interface of trackers that other packages bring."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.video import UInt8Array


@runtime_checkable
class FrameTracker(Protocol):
    """Follows the objects of one video, frame by frame.

    It is built once per video, with its options as keyword arguments, and in the driver once more
    for its digest: so weights are best loaded in the first `step`.
    """

    @property
    def digest(self) -> str:
        """Text that changes whenever the result does: method, version, digest of the weights.

        The options need not be in it.
        """
        ...

    def step(self, frame: UInt8Array, mask: UInt8Array | None = None) -> NDArray[Any]:
        """Segment the next frame.

        Args:
            frame: uint8 (H, W, 3), RGB; the first one of a video comes with a mask.
            mask: label map, uint8 (H, W): the ids of objects that start here, or start again, and
                0 elsewhere. None in all other frames.

        Returns:
            Label map (H, W) of whole numbers: 0, or the id of an object that has started.
        """
        ...


@runtime_checkable
class ResumableTracker(FrameTracker, Protocol):
    """A tracker that another process can continue without the frames before."""

    def state(self) -> Mapping[str, NDArray[Any]]:
        """Everything that the next step depends on, as arrays by name; asked after a step."""
        ...

    def load_state(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on where another tracker with the same options was; takes what `state` gave."""
        ...


@runtime_checkable
class CutTracker(FrameTracker, Protocol):
    """A tracker that wants to go on over cuts; another one is built anew for each shot."""

    def cut(self) -> None:
        """The next frame begins another shot."""
        ...
