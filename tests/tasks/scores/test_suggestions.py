"""Suggested frames lie in the failure that a prediction of a generated video has."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from flows.cli.app import app
from maskrnn_core.synthetic import SyntheticOptions, SyntheticVideo, synthetic_videos
from maskrnn_core.video import FloatArray, UInt8Array
from storage.kinds.predictions import StoredPrediction, write_prediction
from storage.store.artifacts import ArtifactStore
from tasks.scores.suggestions import given_frames, suggest_frames
from tests.flows.tiny import OVERRIDES

FRAMES = 30
FAILURE = range(12, 20)
ABSENT = 2
TO_THE_END = range(12, FRAMES)

Wrong = Callable[[int, UInt8Array], tuple[UInt8Array, int, float]]
"""Label map, state and confidence of the only object in a frame, from its true mask."""


@pytest.fixture(scope="module")
def drawn() -> SyntheticVideo:
    options = SyntheticOptions(size=(48, 64), videos_val=1, frames_val=FRAMES)
    return synthetic_videos("val", options)[0]


def predicted(
    tmp_path: Path,
    drawn: SyntheticVideo,
    wrong: Wrong,
    failure: range = FAILURE,
    second: int | None = None,
) -> StoredPrediction:
    """A prediction of object 1; with `second`, also of an object 2 that begins at that frame."""
    store = ArtifactStore(str(tmp_path))
    objects = [1] if second is None else [1, 2]
    names = [f"{index:05d}" for index in range(FRAMES)]
    with write_prediction(
        store, "k", video="v", size=(48, 64), objects=objects, frame_names=names, metadata={}
    ) as writer:
        for index in range(FRAMES):
            true = drawn.label_map(index)
            assert true is not None
            mask = (true == 1).astype(np.uint8)
            values = (mask, 0, 0.97) if index not in failure else wrong(index, mask)
            states, sure = [values[1]], [values[2]]
            if second is not None:
                states.append(0 if index >= second else ABSENT)
                sure.append(0.97)
            writer.add(index, values[0], states, np.zeros((len(objects), 4)), sure)
    return StoredPrediction(store, "k")


def elsewhere(index: int, mask: UInt8Array) -> tuple[UInt8Array, int, float]:
    """The network is sure, but of something else."""
    return np.roll(mask, (20, 25), (0, 1)), 0, 0.95


def unsure(index: int, mask: UInt8Array) -> tuple[UInt8Array, int, float]:
    return mask, 0, 0.6


def lost(index: int, mask: UInt8Array) -> tuple[UInt8Array, int, float]:
    return mask * np.uint8(0), 1, 0.0


def shrunk(index: int, mask: UInt8Array) -> tuple[UInt8Array, int, float]:
    inside = np.zeros_like(mask)
    inside[:, ::4] = mask[:, ::4]
    return inside, 0, 0.95


@pytest.mark.parametrize(
    ("wrong", "failure", "reason"),
    [
        (elsewhere, TO_THE_END, "differs from the warped mask before"),
        (shrunk, TO_THE_END, "differs from the warped mask before"),
        (unsure, TO_THE_END, "low confidence"),
        (unsure, FAILURE, "low confidence"),
        (elsewhere, FAILURE, "differs from the warped mask before"),
        (lost, FAILURE, "lost"),
        (lost, TO_THE_END, "lost"),
    ],
)
def test_the_first_suggestion_lies_in_the_failure(
    tmp_path: Path, drawn: SyntheticVideo, wrong: Wrong, failure: range, reason: str
) -> None:
    prediction = predicted(tmp_path, drawn, wrong, failure)
    found = suggest_frames(prediction, drawn.backward_flow, 3)
    assert found[0].index in failure
    assert found[0].index < 17, "early in it, where most frames follow"
    assert (found[0].object_id, found[0].reason) == (1, reason)
    assert found[0].frame == f"{found[0].index:05d}"
    indices = sorted(suggestion.index for suggestion in found)
    assert all(b - a >= FRAMES // 10 for a, b in zip([0, *indices], indices, strict=False))


def test_without_flow_the_masks_alone_tell(tmp_path: Path, drawn: SyntheticVideo) -> None:
    def no_flow(index: int) -> FloatArray | None:
        return None

    prediction = predicted(tmp_path, drawn, lost)
    assert given_frames(prediction) == {0: [0]}
    assert suggest_frames(prediction, no_flow, 1)[0].index in FAILURE
    apart = [s.index for s in suggest_frames(prediction, no_flow, 9, spacing=12)]
    assert all(abs(a - b) >= 12 for a in apart for b in apart if a != b)


def test_without_a_sign_the_middle_of_the_longest_gap_is_named(
    tmp_path: Path, drawn: SyntheticVideo
) -> None:
    prediction = predicted(tmp_path, drawn, lost, range(0))
    first, *others = suggest_frames(prediction, drawn.backward_flow, 3)
    assert first.reason == "far from the given masks"
    assert 12 <= first.index <= 17
    assert {other.index < first.index for other in others} == {True, False}


def test_a_frame_before_an_object_begins_does_not_help_it(
    tmp_path: Path, drawn: SyntheticVideo
) -> None:
    """An object of the last frame alone, which is given, has no frame to correct."""
    alone = predicted(tmp_path / "alone", drawn, lost)
    both = predicted(tmp_path / "both", drawn, lost, second=FRAMES - 1)
    of_alone, of_both = (suggest_frames(one, drawn.backward_flow, 3) for one in (alone, both))
    assert [(s.index, s.help) for s in of_both] == [(s.index, s.help) for s in of_alone]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = [f"{key}={value}" for key, value in OVERRIDES.items() if key.startswith("synthetic")]
    store = ["--store", str(tmp_path)]
    made = ["segment", "--dataset", "synthetic", "--preset", "first-frame"]
    made += ["--videos", "val-001", "--run-id", "run", "--set"]
    assert app([*made, *drawn, *store], result_action="return_value") == 0
    capsys.readouterr()
    options = ["--count", "1", "--format", "json", *store]
    assert app(["suggest", "run", "val-001", *options], result_action="return_value") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["video"], row["index"] > 0) == ("val-001", True)
    assert app(["suggest", "run", *store], result_action="return_value") == 0
    told = capsys.readouterr().out
    assert "val-001" in told
    assert "maskrnn correct run" in told
    assert app(["suggest", "run", "val-002", *store], result_action="return_value") == 2
    assert "no video 'val-002'" in capsys.readouterr().err
    assert app(["suggest", "run:small", *store], result_action="return_value") == 2
