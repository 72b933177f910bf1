"""Flow over a whole video, frame by frame."""

from collections.abc import Callable

import numpy as np
import pytest

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow.registry import build_estimator
from maskrnn_core.optical_flow.streaming import stream_flow
from maskrnn_core.synthetic import SyntheticOptions, SyntheticVideo
from maskrnn_core.video import FloatArray, UInt8Array


class Difference:
    """An estimator whose flow encodes the frames of its pair."""

    name = "difference"
    digest = "0"

    def estimate(self, frame1: UInt8Array, frame2: UInt8Array) -> FloatArray:
        value = float(frame2[0, 0, 0]) - float(frame1[0, 0, 0])
        return np.full((*frame1.shape[:2], 2), value, np.float32)

    def estimate_both(
        self, frame1: UInt8Array, frame2: UInt8Array
    ) -> tuple[FloatArray, FloatArray]:
        return self.estimate(frame1, frame2), self.estimate(frame2, frame1)


def _counted(values: list[int]) -> tuple[Callable[[int], UInt8Array], list[int]]:
    read: list[int] = []

    def frame(index: int) -> UInt8Array:
        read.append(index)
        return np.full((4, 6, 3), values[index], np.uint8)

    return frame, read


def test_each_frame_is_read_once_in_order_and_no_earlier_than_needed() -> None:
    values = [10, 20, 50, 90]
    frame, read = _counted(values)
    seen = []
    for index, backward, forward in stream_flow(Difference(), frame, 4):
        assert len(read) == min(index + 2, 4)
        seen.append(
            (
                index,
                None if backward is None else float(backward[0, 0, 0]),
                None if forward is None else float(forward[0, 0, 0]),
            )
        )
    assert read == [0, 1, 2, 3]
    assert seen == [(0, None, 10.0), (1, -10.0, 30.0), (2, -30.0, 40.0), (3, -40.0, None)]


def test_a_video_of_one_frame_has_no_flow() -> None:
    frame, read = _counted([7])
    assert list(stream_flow(Difference(), frame, 1)) == [(0, None, None)]
    assert read == [0]


def test_a_video_without_frames_is_refused_at_the_call() -> None:
    frame, _ = _counted([])
    with pytest.raises(InvalidInputError, match="0 frames"):
        stream_flow(Difference(), frame, 0)


def test_streamed_flow_equals_flow_pair_by_pair() -> None:
    video = SyntheticVideo("val", 0, SyntheticOptions(size=(48, 64), frames_val=4))
    dis = build_estimator("dis")
    flows = list(stream_flow(dis, video.frame, 4))
    assert [index for index, _, _ in flows] == [0, 1, 2, 3]
    for index, backward, forward in flows:
        if backward is not None:
            again = dis.estimate(video.frame(index), video.frame(index - 1))
            assert np.array_equal(backward, again)
        if forward is not None:
            again = dis.estimate(video.frame(index), video.frame(index + 1))
            assert np.array_equal(forward, again)
    assert sum(flow is None for _, b, f in flows for flow in (b, f)) == 2


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((4, 8, 3), np.uint8), "frame 2 is 4x8, but frame 0 is 4x6"),
        (np.zeros((4, 6), np.uint8), r"frame 2 is uint8 \(4, 6\)"),
        (np.zeros((4, 6, 3), np.float32), "frame 2 is float32"),
    ],
)
def test_errors_name_the_frame(bad: UInt8Array, message: str) -> None:
    good = np.zeros((4, 6, 3), np.uint8)
    frames = [good, good, bad, good]
    stream = stream_flow(Difference(), frames.__getitem__, 4)
    assert next(stream)[0] == 0
    with pytest.raises(InvalidInputError, match=message):
        next(stream)


def test_too_small_frames_are_named_too() -> None:
    frame, _ = _counted([1, 2])
    with pytest.raises(InvalidInputError, match=r"frames 0 and 1: .*too small"):
        list(stream_flow(build_estimator("dis"), frame, 2))
