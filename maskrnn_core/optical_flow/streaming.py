"""Flow in both directions for a whole video, with one batch of frames in memory."""

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
        estimator: computes both directions of a pair.
        frame: returns the frame at an index, uint8 (H, W, 3), RGB; called once per index, in
            ascending order.
        frame_count: number of frames, at least 1.
        start: first index to yield. Its flow is the same as in a stream from index 0. Reading
            starts at `reading_start`.

    Yields:
        Flows are float32 (H, W, 2), pixels. The backward flow is None at index 0; the forward flow
        is None at the last index. A video of one frame gives (0, None, None).

    Raises:
        InvalidInputError: a frame is not uint8 RGB, differs in size from the first frame, or is
            too small for the estimator. The message names the frame. The error is raised when the
            frame is read; for a video without frames, it is raised at the call.
    """
    if frame_count < 1:
        raise InvalidInputError(
            f"a video of {frame_count} frames has no flow: give at least one frame"
        )
    if not 0 <= start < frame_count:
        raise InvalidInputError(f"start={start} must be in 0..{frame_count - 1}")
    return _stream(estimator, frame, frame_count, start)


def reading_start(estimator: FlowEstimator, start: int) -> int:
    """The first frame that `stream_flow` reads in order to yield from `start` on.

    Batches do not depend on where a stream starts, so the flow is the same, bit for bit.
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
            f"frame {index} is {frame.shape[0]}x{frame.shape[1]}, but frame {first} is "
            f"{size[0]}x{size[1]}: all frames of a video must have one size"
        )
    return frame
