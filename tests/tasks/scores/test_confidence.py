"""How far a prediction can be trusted, from its confidence and states alone."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from storage.kinds.predictions import StoredPrediction, write_prediction
from storage.store.artifacts import ArtifactStore
from tasks.scores.confidence import (
    frame_confidence,
    gather_confidence,
    object_confidence,
    video_confidence,
)

T, L, A = 0, 1, 2
"""Tracked, lost, not marked yet."""


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(str(tmp_path))


def predicted(
    store: ArtifactStore, states: Sequence[Sequence[int]], confidence: Sequence[Sequence[float]]
) -> StoredPrediction:
    """A prediction of frames of 2 x 5 pixels: an object has two pixels where it is tracked."""
    objects = [3, 7][: len(states[0])]
    names = [f"{index:05d}" for index in range(len(states))]
    with write_prediction(
        store, "k", video="walk", size=(2, 5), objects=objects, frame_names=names, metadata={}
    ) as writer:
        for index, (state, values) in enumerate(zip(states, confidence, strict=True)):
            labels = np.zeros((2, 5), np.uint8)
            for place, object_id in enumerate(objects):
                labels[place, :2] = object_id if state[place] == T else 0
            writer.add(index, labels, state, np.zeros((len(objects), 4)), values)
    return StoredPrediction(store, "k")


def test_figures_are_about_the_frames_after_the_first_mask(store: ArtifactStore) -> None:
    states = [[T, A], [T, A], [L, T], [T, T], [T, T]]
    confidence = [[1.0, 0.0], [0.75, 0.0], [0.25, 1.0], [1.0, 0.875], [1.0, 0.875]]
    prediction = predicted(store, states, confidence)
    first, second = object_confidence(prediction).to_dict(orient="records")
    assert (first["video"], first["object"], first["start"]) == ("walk", 3, "00000")
    assert (first["frames"], first["lost_frames"], first["lost_share"]) == (4, 1, 0.25)
    assert first["confidence"] == 0.75
    assert first["area"] == pytest.approx(0.2 * 4 / 5)
    assert (second["start"], second["frames"], second["lost_frames"]) == ("00002", 2, 0)
    assert second["confidence"] == 0.875
    assert second["area"] == pytest.approx(0.2), "frames before its mask do not count"
    assert video_confidence(prediction) == pytest.approx(
        {"confidence": 0.75, "lost_share": 0.25, "doubtful_share": 0.5, "area": 0.2 * 4 / 5 + 0.2}
    )


@pytest.mark.parametrize(
    ("states", "confidence", "doubt"),
    [
        ([T] * 6, [1.0, 0.9, 0.9, 0.9, 0.9, 0.9], ("", "")),
        ([T] * 6, [1.0, 0.9, 0.5, 0.5, 0.9, 0.9], ("", "")),
        ([T] * 6, [1.0, 0.9, 0.5, 0.5, 0.5, 0.9], ("00002", "low confidence")),
        ([T] * 6, [1.0, 0.9, 0.9, 0.9, 0.9, 0.7], ("00005", "low confidence")),
        ([T, T, L, L, L, T], [1.0, 0.9, 0.9, 0.9, 0.9, 0.9], ("00002", "lost")),
        ([T, T, T, L, L, L], [1.0, 0.9, 0.7, 0.0, 0.0, 0.0], ("00002", "low confidence")),
        ([T, L, L, T, T, L], [1.0, 0.0, 0.0, 0.9, 0.9, 0.0], ("00005", "lost")),
        ([A, A, T, T, T, T], [0.0, 0.0, 1.0, 0.9, 0.9, 0.9], ("", "")),
        ([T] * 9, [1.0, *[0.97] * 5, 0.9, 0.9, 0.9], ("00006", "low confidence")),
        ([T] * 9, [1.0, *[0.97] * 5, 0.93, 0.93, 0.93], ("", "")),
        ([T] * 9, [1.0, *[0.86] * 5, 0.82, 0.82, 0.82], ("", "")),
        ([T], [1.0], ("", "")),
    ],
)
def test_where_an_object_becomes_doubtful(
    states: list[int], confidence: list[float], doubt: tuple[str, str], store: ArtifactStore
) -> None:
    prediction = predicted(store, [[s] for s in states], [[c] for c in confidence])
    row = object_confidence(prediction).iloc[0]
    assert (row["doubtful_from"], row["reason"]) == doubt


def test_a_long_video_has_its_area_from_some_of_its_frames(store: ArtifactStore) -> None:
    states = [[T]] * 150 + [[L]] * 150
    prediction = predicted(store, states, [[0.9]] * 300)
    assert object_confidence(prediction).iloc[0]["area"] == pytest.approx(0.1, abs=0.002)


def test_a_row_per_frame_and_object(store: ArtifactStore) -> None:
    prediction = predicted(store, [[T, A], [L, T]], [[1.0, 0.0], [0.0, 1.0]])
    rows = frame_confidence(prediction)
    assert rows["state"].tolist() == ["tracked", "not marked yet", "lost", "tracked"]
    assert rows["object"].tolist() == [3, 7, 3, 7]
    assert rows["frame"].tolist() == ["00000", "00000", "00001", "00001"]
    assert rows["confidence"].tolist() == [1.0, 0.0, 0.0, 1.0]


def test_tables_of_several_predictions(store: ArtifactStore) -> None:
    predicted(store, [[T], [T], [T], [T]], [[1.0], [0.5], [0.5], [0.5]])
    found = gather_confidence(store, ["k", "k"])
    assert (len(found.per_object), len(found.per_frame), found.doubtful) == (2, 8, 2)
    none = gather_confidence(store, [])
    assert none.doubtful == 0
    pd.testing.assert_index_equal(none.per_object.columns, found.per_object.columns)
