import os
import pickle
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.metrics import (
    PROTOCOLS,
    VideoEvaluator,
    contour_accuracy,
    objects_of,
    protocol,
    region_similarity,
    summarize_dataset,
    temporal_stability,
)
from maskrnn_core.metrics.evaluation import assign
from tests.maskrnn_core.metrics.whole_video import evaluate_video

LoadMasks = Callable[[Path], NDArray[np.uint8]]
LabelMaps = NDArray[np.uint8]


def _videos(seed: int, objects: int = 2, frames: int = 6) -> tuple[LabelMaps, LabelMaps]:
    rng = np.random.default_rng(seed)
    truth = np.zeros((frames, 24, 31), dtype=np.uint8)
    for index in range(frames):
        for k in range(1, objects + 1):
            y, x = 2 + index + 4 * k, 3 + 5 * k
            truth[index, y : y + 6, x : x + 7] = k
    predicted = np.roll(truth, rng.integers(-2, 3, 2), axis=(1, 2))
    predicted[rng.random(predicted.shape) < 0.02] = 0
    return truth, predicted


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_equals_the_array_functions_per_object(seed: int) -> None:
    truth, predicted = _videos(seed)
    rules = protocol("davis2017-semi-supervised")
    scores = evaluate_video(rules, zip(truth, predicted, strict=True), (1, 2), len(truth))
    for item in scores.objects:
        masks = truth == item.object_id, predicted == item.object_id
        assert np.array_equal(item.region, region_similarity(*masks))
        assert np.array_equal(item.contour, contour_accuracy(*masks))
        stability = temporal_stability(masks[1])
        stability[[0, -1]] = np.nan  # pairs with the first or the last frame
        assert np.array_equal(item.stability, stability, equal_nan=True)
        assert item.counted == slice(1, len(truth) - 1)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.permutations([1, 2, 3, 4]))
def test_matching_does_not_depend_on_the_predicted_numbers(seed: int, order: list[int]) -> None:
    rules = protocol("davis2017-unsupervised")
    truth, predicted = _videos(seed)
    predicted[:, :2, :2], predicted[3:, :2, 20:] = 3, 4
    renamed = np.array([0, *order], dtype=np.uint8)[predicted]
    plain = evaluate_video(rules, zip(truth, predicted, strict=True), (1, 2), len(truth))
    other = evaluate_video(rules, zip(truth, renamed, strict=True), (1, 2), len(truth))
    for a, b in zip(plain.objects, other.objects, strict=True):
        assert b.predicted_label == order[a.predicted_label - 1]
        assert np.array_equal(a.region, b.region)
        assert np.array_equal(a.stability, b.stability, equal_nan=True)


def test_labels_that_appear_late_are_absent_before() -> None:
    rules = protocol("davis2017-unsupervised")
    truth, _ = _videos(0)
    predicted = np.zeros_like(truth)
    predicted[4:][truth[4:] == 1] = 9
    scores = evaluate_video(rules, zip(truth, predicted, strict=True), (1, 2), len(truth))
    assert scores.objects[0].predicted_label == 9
    assert scores.objects[0].region.tolist() == [0, 0, 0, 0, 1, 1]
    assert scores.objects[1].region.tolist() == [0] * 6


def test_void_counts_for_nobody_only_where_the_protocol_says_so() -> None:
    truth, _ = _videos(0)
    predicted = truth.copy()
    truth[:, :, 12:20][truth[:, :, 12:20] == 2] = 255
    frames = list(zip(truth, predicted, strict=True))
    unsupervised = evaluate_video(protocol("davis2017-unsupervised"), frames, (1, 2), 6)
    semi = evaluate_video(protocol("davis2017-semi-supervised"), frames, (1, 2), 6)
    assert unsupervised.objects[1].region.tolist() == [1] * 6
    assert (semi.objects[1].region < 1).all()


def test_binary_protocol_takes_any_label_as_object() -> None:
    truth, _ = _videos(0)
    predicted = np.where(truth > 0, 255, 0).astype(np.uint8)
    frames = zip(truth, predicted, strict=True)
    (item,) = evaluate_video(protocol("davis2016"), frames, (1, 2), 6).objects
    assert item.region.tolist() == [1] * 6
    assert item.region_summary.mean == 1
    assert item.stability_mean < 0.5


def test_excess_labels_are_reported_not_hidden() -> None:
    truth, _ = _videos(0)
    predicted = truth.copy()
    predicted[2, 0, 0], predicted[5, 0, 0] = 3, 200
    frames = zip(truth, predicted, strict=True)
    scores = evaluate_video(protocol("davis2017-semi-supervised"), frames, (1, 2), 6)
    assert scores.frames_with_excess_labels == (2, 5)


def test_frame_scores_come_out_at_once_and_the_evaluator_can_be_sent() -> None:
    truth, predicted = _videos(3)
    evaluator = VideoEvaluator(protocol("paper"), (1, 2), len(truth), video="bear")
    for index, pair in enumerate(zip(truth, predicted, strict=True)):
        scores = evaluator.add(*pair)
        assert scores.index == index
        assert scores.region.shape == scores.contour.shape == scores.stability.shape == (2,)
        assert np.isnan(scores.stability).all() == (index == 0)
        evaluator = pickle.loads(pickle.dumps(evaluator))
    result = pickle.loads(pickle.dumps(evaluator.result()))
    assert result.video == "bear"
    assert [item.object_id for item in result.objects] == [1, 2]


def test_dataset_weighs_objects_or_frames() -> None:
    truth, predicted = _videos(0)
    for name, expected in (("segtrack2", "objects"), ("paper", "frames")):
        rules = protocol(name)
        long = evaluate_video(rules, zip(truth, truth, strict=True), (1, 2), 6, video="a")
        short = evaluate_video(
            rules, zip(truth[:2], 0 * predicted[:2], strict=True), (1,), 2, video="b"
        )
        scores = summarize_dataset([long, short], rules, stability_videos=["a"])
        mean = 2 / 3 if expected == "objects" else 12 / 14
        assert scores.region.mean == pytest.approx(mean)
        assert scores.region_and_contour == pytest.approx(mean)
        assert scores.stability == pytest.approx(
            np.mean([item.stability_mean for item in long.objects])
        )
    assert np.isnan(summarize_dataset([], protocol("paper")).region.mean)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_short_videos(frames: int) -> None:
    truth, predicted = _videos(0, frames=frames)
    for rules in PROTOCOLS.values():
        scores = evaluate_video(rules, zip(truth, predicted, strict=True), (1, 2), frames)
        for item in scores.objects:
            assert item.region.shape == (frames,)
            assert item.stability.shape == (frames - 1,)
            counted = frames - 2 * rules.skip_ends - rules.from_appearance
            assert np.isnan(item.region_summary.mean) == (counted <= 0)


def test_wrong_use_is_named() -> None:
    truth, predicted = _videos(0)
    rules = protocol("davis2017-unsupervised")
    evaluator = VideoEvaluator(rules, (1, 2), 1, video="bear")
    with pytest.raises(InvalidInputError, match="only 0 were given"):
        evaluator.result()
    evaluator.add(truth[0], predicted[0])
    with pytest.raises(InvalidInputError, match="'bear' was created for 1 frames"):
        evaluator.add(truth[0], predicted[0])
    with pytest.raises(InvalidInputError, match="at most 20 labels"):
        VideoEvaluator(rules, (1,), 1).add(truth[0], predicted[0] + np.uint8(40))
    with pytest.raises(InvalidInputError, match=r"ids must be in 1\.\.254"):
        VideoEvaluator(rules, (0,), 1)
    with pytest.raises(InvalidInputError, match="davis2016, davis2017-semi-supervised"):
        protocol("davis")


def test_objects_are_those_of_the_first_annotation() -> None:
    assert objects_of(np.array([[0, 255], [3, 1]], dtype=np.uint8)) == (1, 2, 3)
    assert objects_of(np.zeros((2, 2), dtype=np.uint8)) == ()


def test_assignment_maximises_the_sum() -> None:
    region = np.array([[[0.9, 0.8], [0.85, 0.1]]])
    assert assign(region, region) == [1, 0]


def test_memory_stays_bounded_over_ten_thousand_frames() -> None:
    truth, predicted = _videos(1, frames=10)

    def frames() -> Iterator[tuple[LabelMaps, LabelMaps]]:
        for index in range(10_000):
            yield truth[index % 10], predicted[index % 10]

    rules = protocol("davis2017-semi-supervised")
    VideoEvaluator(rules, (1, 2), 1, stability=False).add(truth[0], predicted[0])  # imports
    evaluator = VideoEvaluator(rules, (1, 2), 10_000, stability=False)
    tracemalloc.start()
    try:
        for pair in frames():
            evaluator.add(*pair)
        scores = evaluator.result()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(scores.objects[0].region) == 10_000
    # the label maps of the video would take 15 MB; figures of a frame take some hundred bytes
    assert peak < 12e6


def test_import_is_light() -> None:
    code = "import sys, maskrnn_core.metrics; print([m in sys.modules for m in %r])"
    heavy = ["torch", "numba", "scipy", "pandas", "cv2"]
    root = Path(__file__).resolve().parents[3]
    result = subprocess.run(
        [sys.executable, "-c", code % heavy],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert result.stdout.strip() == str([False] * len(heavy))


@pytest.mark.shared
@pytest.mark.parametrize("method", ["osvos", "onavos"])
def test_published_figures_of_every_frame(
    published: Path, davis2016: Path, load_masks: LoadMasks, method: str
) -> None:
    import json

    figures = json.loads((published / f"{method}.json").read_text())
    for sequence, numbers in figures.items():
        truth = load_masks(davis2016 / sequence)
        predicted = load_masks(published / method / sequence)
        frames = zip(truth, predicted, strict=True)
        (item,) = evaluate_video(
            protocol("davis2016"), frames, (1,), len(truth), stability=False
        ).objects
        # published with three decimals
        assert np.abs(item.region[item.counted] - numbers["J"]).max() <= 0.0005 + 1e-12
        assert np.abs(item.contour[item.counted] - numbers["F"]).max() <= 0.0005 + 1e-12
