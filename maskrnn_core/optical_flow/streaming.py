"""Flow in both directions over a whole video, with one batch of frames in memory."""

from collections.abc import Callable, Iterator

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow.batching import MOST_PAIRS, BatchedFlowEstimator
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
            `reading_start`.

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


def reading_start(estimator: FlowEstimator, start: int) -> int:
    """The first frame that `stream_flow` reads when it begins to yield at `start`.

    Batches are the same wherever a stream begins, and so is the flow, bit for bit.
    """
    first = max(start - 1, 0)
    return first - first % MOST_PAIRS if isinstance(estimator, BatchedFlowEstimator) else first


def _stream(
    estimator: FlowEstimator, frame: Callable[[int], UInt8Array], frame_count: int, start: int
) -> Iterator[tuple[int, FloatArray | None, FloatArray | None]]:
    first = reading_start(estimator, start)
    frames = [frame(first)]
    check_frame(frames[0], f"frame {first}")
    size = frames[0].shape[:2]
    at_once = 1
    if isinstance(estimator, BatchedFlowEstimator):
        at_once = estimator.pairs_at_once((size[0], size[1]))
    backward: FloatArray | None = None
    for begin in range(first, frame_count - 1, at_once):
        end = min(begin + at_once, frame_count - 1)
        frames += [
            _checked(frame(index), index, size, first) for index in range(begin + 1, end + 1)
        ]
        for index, (forward, following) in enumerate(_estimate(estimator, frames, begin), begin):
            if index >= start:
                yield index, backward, forward
            backward = following
        frames = frames[-1:]
    yield frame_count - 1, backward, None


def _estimate(
    estimator: FlowEstimator, frames: list[UInt8Array], begin: int
) -> list[tuple[FloatArray, FloatArray]]:
    try:
        if isinstance(estimator, BatchedFlowEstimator):
            return estimator.estimate_neighbours(frames)
        return [estimator.estimate_both(frames[0], frames[1])]
    except InvalidInputError as error:
        last = begin + len(frames) - 1
        raise InvalidInputError(f"frames {begin} and {last}: {error}") from error


def _checked(frame: UInt8Array, index: int, size: tuple[int, ...], first: int) -> UInt8Array:
    check_frame(frame, f"frame {index}")
    if frame.shape[:2] != size:
        raise InvalidInputError(
            f"frame {index} measures {frame.shape[0]}x{frame.shape[1]}, frame {first} "
            f"{size[0]}x{size[1]}: all frames of a video must have one size"
        )
    return frame
