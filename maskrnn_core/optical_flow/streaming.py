"""Flow in both directions over a whole video, with two frames in memory."""

from collections.abc import Callable, Iterator

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow.estimator import FlowEstimator, check_frame
from maskrnn_core.video import FloatArray, UInt8Array


def stream_flow(
    estimator: FlowEstimator,
    frame: Callable[[int], UInt8Array],
    frame_count: int,
    start: int = 0,
) -> Iterator[tuple[int, FloatArray | None, FloatArray | None]]:
    """Yield (index, flow[t -> t-1], flow[t -> t+1]) in the order of the frames.

    Args:
        estimator: gives both directions of a pair.
        frame: the frame at an index, uint8 (H, W, 3), RGB; called once per index, ascending.
        frame_count: number of frames, at least 1.
        start: first index to yield, with the same flow as from the beginning; reading begins at
            the frame before.

    Yields:
        Flows are float32 (H, W, 2), pixels. The backward flow is None at index 0, the forward
        flow at the last index: a video of one frame gives (0, None, None).

    Raises:
        InvalidInputError: where a frame is not uint8 RGB, or not of the first frame's size, or
            too small for the estimator; the message names the frame. Raised at the call for a
            video without frames, else when the frame's turn comes.
    """
    if frame_count < 1:
        raise InvalidInputError(f"a video of {frame_count} frames has no flow: give at least one")
    if not 0 <= start < frame_count:
        raise InvalidInputError(f"start={start} is outside 0..{frame_count - 1}")
    return _stream(estimator, frame, frame_count, start)


def _stream(
    estimator: FlowEstimator, frame: Callable[[int], UInt8Array], frame_count: int, start: int
) -> Iterator[tuple[int, FloatArray | None, FloatArray | None]]:
    first = max(start - 1, 0)
    current = frame(first)
    check_frame(current, f"frame {first}")
    size = current.shape
    backward: FloatArray | None = None
    for index in range(first, frame_count - 1):
        following = frame(index + 1)
        check_frame(following, f"frame {index + 1}")
        if following.shape != size:
            raise InvalidInputError(
                f"frame {index + 1} measures {following.shape[0]}x{following.shape[1]},"
                f" frame {first} {size[0]}x{size[1]}: all frames of a video must have one size"
            )
        try:
            forward, next_backward = estimator.estimate_both(current, following)
        except InvalidInputError as error:
            raise InvalidInputError(f"frames {index} and {index + 1}: {error}") from error
        if index >= start:
            yield index, backward, forward
        current, backward = following, next_backward
    yield frame_count - 1, backward, None
