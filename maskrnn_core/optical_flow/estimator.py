"""What every estimator of optical flow offers."""

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
            InvalidInputError: for anything but two uint8 (H, W, 3) frames of one size, or a size
                the method cannot take.
        """
        ...

    def estimate_both(
        self, frame1: UInt8Array, frame2: UInt8Array
    ) -> tuple[FloatArray, FloatArray]:
        """flow[frame1 -> frame2] and flow[frame2 -> frame1], sharing what can be shared.

        Raises:
            InvalidInputError: as `estimate`.
        """
        ...


def check_frame(frame: UInt8Array, what: str) -> None:
    """Refuse what is not a uint8 (H, W, 3) frame; `what` names it in the message.

    Raises:
        InvalidInputError: for another dtype or shape.
    """
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != "uint8":
        raise InvalidInputError(
            f"{what} is {frame.dtype} {frame.shape}: optical flow takes uint8 (H, W, 3) RGB frames"
        )


def check_pair(frame1: UInt8Array, frame2: UInt8Array) -> None:
    """Refuse what is not a pair of uint8 (H, W, 3) frames of one size.

    Raises:
        InvalidInputError: for another dtype or shape, or two sizes.
    """
    check_frame(frame1, "the first frame")
    check_frame(frame2, "the second frame")
    if frame1.shape != frame2.shape:
        raise InvalidInputError(
            f"the frames measure {frame1.shape[:2]} and {frame2.shape[:2]}: bring both to one size"
        )


def check_sequence(frames: Sequence[UInt8Array]) -> None:
    """Refuse what is not two or more uint8 (H, W, 3) frames of one size.

    Raises:
        InvalidInputError: fewer frames, another dtype or shape, or two sizes.
    """
    if len(frames) < 2:
        raise InvalidInputError(f"flow needs two frames or more, not {len(frames)}")
    for frame1, frame2 in pairwise(frames):
        check_pair(frame1, frame2)
