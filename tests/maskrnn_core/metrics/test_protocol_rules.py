"""Every protocol compared with its rule in docs/evaluation.md, written as plain Python."""

from collections.abc import Sequence
from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray

from maskrnn_core.metrics import (
    PROTOCOLS,
    Protocol,
    contour_accuracy,
    objects_of,
    occurring_objects,
    region_similarity,
    summarize_dataset,
)
from tests.maskrnn_core.metrics.whole_video import evaluate_video

LabelMaps = NDArray[np.uint8]
SIZE = (24, 30)
VOID = 255


def video(seed: int, frames: int = 7) -> tuple[LabelMaps, LabelMaps]:
    """Annotation and prediction: object 2 never occurs, 3 from frame 2 on, 5 in the last; void."""
    noise = np.random.default_rng(seed)
    truth = np.zeros((frames, *SIZE), np.uint8)
    for index in range(frames):
        truth[index, 2 + index : 10 + index, 3:11] = 1
        if index >= 2:
            truth[index, 4:12, 14 + index : 21 + index] = 3
        truth[index, 20:23, 10:20] = VOID
    truth[-1, 0:2, 0:3] = 5
    prediction = np.roll(truth, noise.integers(0, 3, 2), axis=(1, 2))
    prediction[prediction == VOID] = 1
    prediction[noise.random(prediction.shape) < 0.05] = 3
    prediction[prediction == 5] = 0
    return truth, prediction


def restated(name: str, videos: Sequence[tuple[LabelMaps, LabelMaps]]) -> tuple[float, float]:
    """Mean J and mean F of the data set, by the words of the page."""
    of_objects: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    for truth, prediction in videos:
        truth, prediction = truth.copy(), prediction.copy()
        if name == "davis2016":
            truth, prediction = (truth != 0).astype(np.uint8), (prediction != 0).astype(np.uint8)
        elif name == "davis2017-semi-supervised":
            truth[truth == VOID] = 0
        else:
            prediction[truth == VOID] = 0
            truth[truth == VOID] = 0
        first = truth[0][truth[0] != VOID]
        objects = list(range(1, int(first.max()) + 1))
        if name in ("segtrack2", "youtube-vos"):
            objects = sorted(set(np.unique(truth).tolist()) - {0})
        labels = {k: k for k in objects}
        if name == "davis2017-unsupervised":
            labels = best_labels(truth, prediction, objects)
        for k in objects:
            counted = slice(None)
            if name in ("davis2016", "davis2017-semi-supervised"):
                counted = slice(1, -1)
            if name == "youtube-vos":
                counted = slice(int(np.argmax((truth == k).any(axis=(1, 2)))) + 1, None)
            pair = (truth == k)[counted], (prediction == labels[k])[counted]
            of_objects.append((region_similarity(*pair), contour_accuracy(*pair)))
    means = []
    for which in (0, 1):
        frames = [figures[which] for figures in of_objects if figures[which].size]
        if name == "paper":
            means.append(float(np.concatenate(frames).mean()))
        else:
            means.append(float(np.mean([values.mean() for values in frames])))
    return means[0], means[1]


def best_labels(truth: LabelMaps, prediction: LabelMaps, objects: list[int]) -> dict[int, int]:
    """The assignment of predicted labels with the largest mean J plus mean F, by trying all."""
    top = max(int(prediction.max()), len(objects))

    def gain(labels: Sequence[int]) -> float:
        pairs = [
            (truth == k, prediction == label) for k, label in zip(objects, labels, strict=True)
        ]
        return sum(
            float(region_similarity(*pair).mean() + contour_accuracy(*pair).mean())
            for pair in pairs
        )

    best = max(permutations(range(1, top + 1), len(objects)), key=gain)
    return dict(zip(objects, best, strict=True))


def objects_by(rules: Protocol, truth: LabelMaps) -> tuple[int, ...]:
    own = rules.from_appearance or rules.name == "segtrack2"
    return occurring_objects(truth) if own else objects_of(truth[0])


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("seed", range(3))
def test_every_protocol_follows_its_rule(name: str, seed: int) -> None:
    videos, rules = [video(seed), video(seed + 100, 5)], PROTOCOLS[name]
    scores = [
        evaluate_video(
            rules, zip(truth, prediction, strict=True), objects_by(rules, truth), len(truth)
        )
        for truth, prediction in videos
    ]
    figures = summarize_dataset(scores, rules)
    expected = restated(name, videos)
    assert figures.region.mean == pytest.approx(expected[0], abs=1e-12)
    assert figures.contour.mean == pytest.approx(expected[1], abs=1e-12)


def test_objects_that_appear_later() -> None:
    truth, _ = video(0)
    rules = PROTOCOLS["youtube-vos"]
    perfect = evaluate_video(rules, zip(truth, truth, strict=True), (1, 3, 5), len(truth))
    assert [item.counted for item in perfect.objects] == [slice(1, 7), slice(3, 7), slice(7, 7)]
    assert summarize_dataset([perfect], rules).region_and_contour == 1.0
    without = np.where(truth == 3, 0, truth).astype(np.uint8)
    missing = evaluate_video(rules, zip(truth, without, strict=True), (1, 3, 5), len(truth))
    assert missing.objects[1].region_summary.mean == 0.0
    assert np.isnan(missing.objects[2].region_summary.mean)  # nothing comes after it
    assert np.isnan(missing.objects[1].stability[:3]).all()


def test_what_is_noted_of_annotations() -> None:
    truth, prediction = video(1)
    for name, has_void in (("davis2017-semi-supervised", True), ("segtrack2", True)):
        pairs = zip(truth, prediction, strict=True)
        scores = evaluate_video(PROTOCOLS[name], pairs, (1, 2, 3), len(truth))
        assert scores.annotations.absent == (2,)
        assert scores.annotations.frames_with_other_labels == (6,)
        assert scores.annotations.has_void == has_void
    clean = np.where(truth == 1, 1, 0).astype(np.uint8)
    scores = evaluate_video(
        PROTOCOLS["segtrack2"], zip(clean, clean, strict=True), (1,), len(truth)
    )
    assert scores.annotations.absent == scores.annotations.frames_with_other_labels == ()
    assert not scores.annotations.has_void
