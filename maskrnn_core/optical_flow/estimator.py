"""The interface of all estimators of optical flow."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.video import FloatArray, UInt8Array


class FlowEstimator(Protocol):
    """Dense motion between two frames of equal size.

    Frames are uint8 (H, W, 3), RGB. Flow is float32 (H, W, 2), (dx, dy) in pixels, and
    flow[1 -> 2] lives on the grid of frame 1: what frame 1 shows at p, frame 2 shows at
    p + flow(p).
    """

    @property
    def name(self) -> str:
        """Name in the registry."""
        ...

    @property
    def digest(self) -> str:
        """sha256 (hex) of everything that changes the result: method, parameters, versions."""
        ...

    def estimate(self, frame1: UInt8Array, frame2: UInt8Array) -> FloatArray:
        """flow[frame1 -> frame2].

        Raises:
            InvalidInputError: the frames are not two uint8 (H, W, 3) arrays of one size, or the
                method does not support the size.
        """
        ...

    def estimate_both(
        self, frame1: UInt8Array, frame2: UInt8Array
    ) -> tuple[FloatArray, FloatArray]:
        """flow[frame1 -> frame2] and flow[frame2 -> frame1]; common work is done once.

        Raises:
            InvalidInputError: as `estimate`.
        """
        ...


def check_frame(frame: UInt8Array, what: str) -> None:
    """Check that a frame is uint8 (H, W, 3); `what` names it in the message.

    Raises:
        InvalidInputError: dtype or shape are others.
    """
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != "uint8":
        raise InvalidInputError(
            f"{what} is {frame.dtype} {frame.shape}: optical flow takes uint8 (H, W, 3) RGB frames"
        )


def check_pair(frame1: UInt8Array, frame2: UInt8Array) -> None:
    """Check that both frames are uint8 (H, W, 3) of one size.

    Raises:
        InvalidInputError: dtype or shape are others, or the sizes differ.
    """
    check_frame(frame1, "the first frame")
    check_frame(frame2, "the second frame")
    if frame1.shape != frame2.shape:
        raise InvalidInputError(
            f"the frames have sizes {frame1.shape[:2]} and {frame2.shape[:2]}: give one size"
        )


def check_sequence(frames: Sequence[UInt8Array]) -> None:
    """Check that there are two or more uint8 (H, W, 3) frames of one size.

    Raises:
        InvalidInputError: there are fewer frames, dtype or shape are others, or sizes differ.
    """
    if len(frames) < 2:
        raise InvalidInputError(f"flow needs two frames or more, not {len(frames)}")
    for frame1, frame2 in pairwise(frames):
        check_pair(frame1, frame2)
