"""Protocols against the official codes' numbers: per frame, per object and over the dataset."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from maskrnn_core.metrics import (
    DatasetScores,
    VideoScores,
    objects_of,
    protocol,
    summarize_dataset,
)
from tests.maskrnn_core.metrics.whole_video import evaluate_video

LoadMasks = Callable[[Path], NDArray[np.uint8]]
EXACT = 1e-12


def _evaluated(
    golden: Path, load_masks: LoadMasks, name: str, method: str, sequences: Iterable[str]
) -> list[VideoScores]:
    scores = []
    for sequence in sequences:
        kind = "single" if (golden / "annotations/single" / sequence).is_dir() else "multi"
        truth = load_masks(golden / "annotations" / kind / sequence)
        predicted = load_masks(golden / "predictions" / method / sequence)
        pairs = zip(truth, predicted, strict=True)
        objects = objects_of(truth[0])
        scores.append(
            evaluate_video(
                protocol(name), pairs, objects, len(truth), video=sequence, stability=False
            )
        )
    return scores


def _check_dataset(scores: DatasetScores, expected: dict[str, float]) -> None:
    for letter, summary in (("J", scores.region), ("F", scores.contour)):
        for statistic in ("mean", "recall", "decay"):
            number = expected[f"{letter}_{statistic}"]
            assert getattr(summary, statistic) == pytest.approx(number, abs=EXACT)


@pytest.mark.shared
@pytest.mark.parametrize("method", ["wobble", "dropout"])
def test_davis2016(
    golden: Path, expected: dict[str, Any], load_masks: LoadMasks, method: str
) -> None:
    numbers = expected["davis2016"][method]
    videos = _evaluated(golden, load_masks, "davis2016", method, numbers["sequences"])
    for video in videos:
        (scores,) = video.objects
        of_video = numbers["sequences"][video.video]
        for letter, values, summary in (
            ("J", scores.region, scores.region_summary),
            ("F", scores.contour, scores.contour_summary),
        ):
            assert values[1:-1].tolist() == of_video[letter]["per_frame"][1:-1]
            for statistic in ("mean", "recall", "decay"):
                number = of_video[letter][statistic]
                assert getattr(summary, statistic) == pytest.approx(number, abs=EXACT)
    _check_dataset(summarize_dataset(videos, protocol("davis2016")), numbers["dataset"])


@pytest.mark.shared
@pytest.mark.parametrize("method", ["wobble", "dropout"])
def test_paper_averages_over_all_frames(
    golden: Path, expected: dict[str, Any], load_masks: LoadMasks, method: str
) -> None:
    numbers = expected["davis2016"][method]
    videos = _evaluated(golden, load_masks, "paper", method, numbers["sequences"])
    scores = summarize_dataset(videos, protocol("paper"))
    number = numbers["derived_not_official"]["frame_weighted_J_mean_all_frames"]
    assert scores.region.mean == pytest.approx(number, abs=EXACT)


@pytest.mark.shared
@pytest.mark.parametrize("task", ["semi-supervised", "unsupervised"])
@pytest.mark.parametrize("method", ["wobble", "dropout", "mixed", "missing"])
def test_davis2017(
    golden: Path, expected: dict[str, Any], load_masks: LoadMasks, method: str, task: str
) -> None:
    numbers = expected[f"davis2017_{task.replace('-', '')}"].get(method)
    if numbers is None:
        pytest.skip(f"no expected numbers of {method} in the {task} task")
    rules = protocol(f"davis2017-{task}")
    sequences = sorted({name.rsplit("_", 1)[0] for name in numbers["objects"]})
    videos = _evaluated(golden, load_masks, rules.name, method, sequences)
    scores = summarize_dataset(videos, rules)
    _check_dataset(scores, numbers["global"])
    assert scores.region_and_contour == pytest.approx(numbers["global"]["J&F_mean"], abs=EXACT)
    for video in videos:
        # the official code numbers matched objects by predicted label
        ordered = sorted(video.objects, key=lambda scores: scores.predicted_label)
        for position, item in enumerate(ordered, start=1):
            of_object = numbers["objects"][f"{video.video}_{position}"]
            assert item.region[item.counted].tolist() == of_object["J"]["per_frame"]
            assert item.contour[item.counted].tolist() == of_object["F"]["per_frame"]
