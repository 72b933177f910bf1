"""A video through a tracker of another package: masks, resumption, shots, faults."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.inference import TrackState
from maskrnn_core.inference.results import SegmentedFrame
from maskrnn_core.trackers.segmenter import TrackerSegmenter, reading_start

UInt8Array = NDArray[np.uint8]


class Growing:
    """Every object moves right by its age, so that a result depends on all frames before."""

    digest = "growing"

    def __init__(self) -> None:
        self.labels: UInt8Array | None = None
        self.age = 0
        self.masks: list[list[int] | None] = []

    def step(self, frame: UInt8Array, mask: UInt8Array | None = None) -> Any:
        self.masks.append(None if mask is None else np.unique(mask).tolist())
        self.age += 1
        labels = np.zeros(frame.shape[:2], np.uint8) if self.labels is None else self.labels
        labels = np.roll(labels, self.age, axis=1)
        if mask is not None:
            labels = np.where(mask > 0, mask, labels)
        self.labels = labels
        return labels.astype(np.int64)


class Resumable(Growing):
    """The same with a state."""

    def state(self) -> Mapping[str, NDArray[Any]]:
        return {"labels": np.asarray(self.labels), "age": np.array(self.age)}

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self.labels, self.age = state["labels"], int(state["age"])


class Enduring(Growing):
    """The same, going on over cuts."""

    cuts = 0

    def cut(self) -> None:
        self.cuts += 1


class EnduringResumable(Resumable, Enduring):
    """All of it."""


KINDS = [Growing, Resumable, Enduring, EnduringResumable]
STARTS = {0: [1], 2: [2], 5: [1], 6: [2]}


@pytest.fixture
def video(make_video: Callable[..., Any]) -> Any:
    """Nine frames; the second object comes in frame 2."""
    video = make_video(count=9, motion=(0, 0))
    for index in range(2, 9):
        video.label_maps[index][26:32, 30:40] = 2
    return video


def segmenter(
    video: Any, build: Callable[[], Any], starts: Mapping[int, Sequence[int]] = STARTS
) -> TrackerSegmenter:
    """Of a video with a cut before frame 4."""
    return TrackerSegmenter(
        video, build, "other", starts=starts, is_cut=lambda i: i == 4, keep_soft_masks=True
    )


def assert_equal(found: SegmentedFrame, expected: SegmentedFrame) -> None:
    assert (found.index, found.states, found.shot) == (
        expected.index,
        expected.states,
        expected.shot,
    )
    np.testing.assert_array_equal(found.label_map, expected.label_map)
    np.testing.assert_array_equal(found.boxes, expected.boxes)
    np.testing.assert_array_equal(found.confidence, expected.confidence)
    assert found.probabilities is not None
    np.testing.assert_array_equal(found.probabilities[0], (found.label_map == 1) * np.uint8(255))


@pytest.mark.parametrize("stop", range(1, 9))
@pytest.mark.parametrize("kind", KINDS)
def test_another_process_goes_on_exactly(video: Any, kind: type[Growing], stop: int) -> None:
    whole = list(segmenter(video, kind).frames())
    first = segmenter(video, kind)
    begun = first.frames()
    for _ in range(stop):
        next(begun)
    state = {name: array.copy() for name, array in first.state().items()}
    begun.close()
    rest = list(segmenter(video, kind).frames(stop, state))
    assert len(rest) == 9 - stop
    for found, expected in zip(rest, whole[stop:], strict=True):
        assert_equal(found, expected)


def test_only_a_tracker_without_a_state_reads_the_shot_again(video: Any) -> None:
    read = {}
    for kind in KINDS:
        first = segmenter(video, kind)
        frames = first.frames()
        for _ in range(7):
            next(frames)
        read[kind] = reading_start(7, first.state())
        frames.close()
    assert read == {Growing: 4, Resumable: 7, Enduring: 0, EnduringResumable: 7}
    assert reading_start(0, None) == 0


def test_objects_are_lost_at_a_cut_unless_the_tracker_goes_on(video: Any) -> None:
    anew = [frame.states for frame in segmenter(video, Growing).frames()]
    tracked, lost, absent = TrackState.TRACKED, TrackState.LOST, TrackState.ABSENT
    assert anew[:2] == [(tracked, absent)] * 2
    assert anew[2:4] == [(tracked, tracked)] * 2
    assert anew[4:] == [(lost, lost), (tracked, lost), *[(tracked, tracked)] * 3]
    made = []

    def build() -> Enduring:
        made.append(Enduring())
        return made[-1]

    assert [f.states for f in segmenter(video, build).frames()][4] == (tracked, tracked)
    assert [tracker.cuts for tracker in made] == [1]


def test_a_cut_before_the_first_object_is_kept_from_the_tracker(video: Any) -> None:
    made = []

    def build() -> Enduring:
        made.append(Enduring())
        return made[-1]

    results = list(segmenter(video, build, {5: [1]}).frames())
    assert results[8].states == (TrackState.TRACKED, TrackState.ABSENT)
    assert [tracker.cuts for tracker in made] == [0]


def test_the_tracker_gets_the_masks_of_starting_objects_alone(video: Any) -> None:
    made = []

    def build() -> Growing:
        made.append(Growing())
        return made[-1]

    results = list(segmenter(video, build).frames())
    assert [tracker.masks for tracker in made] == [
        [[0, 1], None, [0, 2], None],
        [[0, 1], [0, 2], None, None],
    ]
    np.testing.assert_array_equal(results[0].label_map, video.label_map(0))
    np.testing.assert_array_equal(results[6].label_map == 2, video.label_map(6) == 2)


def test_results_come_at_the_output_size(video: Any) -> None:
    fine = replace(video, output_size=(64, 96))
    fine.annotations = {
        index: np.kron(video.label_maps[index], np.ones((2, 2), np.uint8)) for index in (0, 2, 5, 6)
    }
    results = list(segmenter(fine, Growing).frames())
    coarse = list(segmenter(video, Growing).frames())
    for found, expected in zip(results, coarse, strict=True):
        np.testing.assert_array_equal(
            found.label_map, np.kron(expected.label_map, np.ones((2, 2), np.uint8))
        )
        np.testing.assert_array_equal(found.boxes, 2 * expected.boxes)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (np.zeros((32, 47), np.uint8), r"tracker other, square, frame 0: step returned uint8"),
        (np.zeros((32, 48), np.float32), r"step returned float32 \(32, 48\); it must return"),
        (np.full((32, 48), 2, np.uint8), r"the labels \[2\], but the objects are \[1\]"),
        (np.full((32, 48), -1), r"the labels \[-1\]"),
        (None, "step returned object"),
    ],
)
def test_an_answer_that_is_no_label_map_is_named(video: Any, answer: Any, message: str) -> None:
    class Wrong(Growing):
        def step(self, frame: UInt8Array, mask: UInt8Array | None = None) -> Any:
            return answer

    with pytest.raises(InvalidInputError, match=message):
        list(segmenter(video, Wrong).frames())
