"""DIS and Farneback."""

import cv2
import numpy as np
import pytest

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow.consistency import endpoint_error
from maskrnn_core.optical_flow.estimator import FlowEstimator
from maskrnn_core.optical_flow.opencv import DIS, Farneback
from maskrnn_core.optical_flow.registry import FLOW_ESTIMATORS, build_estimator
from maskrnn_core.synthetic import SyntheticOptions, SyntheticVideo
from maskrnn_core.video import UInt8Array

NAMES = ["dis", "dis-fast", "dis-ultrafast", "farneback"]


@pytest.fixture(scope="module")
def video() -> SyntheticVideo:
    return SyntheticVideo("train", 1, SyntheticOptions())


@pytest.mark.parametrize("name", NAMES)
def test_estimates_come_near_the_exact_flow(name: str, video: SyntheticVideo) -> None:
    estimator: FlowEstimator = build_estimator(name)
    exact = video.forward_flow(3)
    assert exact is not None
    forward, backward = estimator.estimate_both(video.frame(3), video.frame(4))
    assert forward.dtype == np.float32
    assert endpoint_error(forward, exact) < 0.4 * endpoint_error(0 * exact, exact)
    assert np.array_equal(forward, estimator.estimate(video.frame(3), video.frame(4)))
    assert np.array_equal(backward, estimator.estimate(video.frame(4), video.frame(3)))


def test_a_shift_to_the_right_is_a_positive_dx(video: SyntheticVideo) -> None:
    frame = video.frame(0)
    left, right = frame[4:, 4:], frame[2:-2, 1:-3]  # content 3 px to the right and 2 down
    flow = build_estimator("dis").estimate(left, right)
    assert np.allclose(np.median(flow, axis=(0, 1)), (3.0, 2.0), atol=0.1)


@pytest.mark.parametrize("name", NAMES)
def test_the_number_of_threads_changes_nothing(name: str, video: SyntheticVideo) -> None:
    estimator = build_estimator(name)
    before = cv2.getNumThreads()
    try:
        results = []
        for threads in (1, 2, 4):
            cv2.setNumThreads(threads)
            results.append(estimator.estimate(video.frame(1), video.frame(2)))
    finally:
        cv2.setNumThreads(before)
    assert all(np.array_equal(results[0], other) for other in results[1:])


def test_every_configuration_has_its_own_digest() -> None:
    estimators = [*map(build_estimator, NAMES), Farneback(levels=3), Farneback(window=21)]
    assert len({estimator.digest for estimator in estimators}) == len(estimators)
    assert build_estimator("dis").digest == DIS("medium").digest


def test_the_digest_depends_on_the_version_of_opencv(monkeypatch: pytest.MonkeyPatch) -> None:
    digest = DIS().digest
    monkeypatch.setattr(cv2, "__version__", "0.0.1")
    assert DIS().digest != digest


@pytest.mark.parametrize("name", NAMES)
def test_names_are_those_of_the_registry(name: str) -> None:
    assert name in FLOW_ESTIMATORS
    assert build_estimator(name).name == name


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InvalidInputError, match=r"unknown flow estimator 'diss'.*dis-fast"):
        build_estimator("diss")


def _frame(*shape: int) -> UInt8Array:
    return np.zeros(shape, np.uint8)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (_frame(40, 40), _frame(40, 40, 3), "the first frame is uint8"),
        (_frame(40, 40, 3), _frame(40, 40, 4), "the second frame"),
        (np.zeros((40, 40, 3), np.float32), _frame(40, 40, 3), "float32"),
        (_frame(40, 40, 3), _frame(40, 44, 3), "one size"),
        (_frame(8, 200, 3), _frame(8, 200, 3), "8x200 are too small.*16 pixels.*resolution"),
    ],
)
def test_wrong_frames_are_refused(first: UInt8Array, second: UInt8Array, message: str) -> None:
    for call in (build_estimator("dis").estimate, build_estimator("farneback").estimate_both):
        with pytest.raises(InvalidInputError, match=message):
            call(first, second)


@pytest.mark.parametrize(("name", "side"), [("dis", 16), ("dis-fast", 32), ("farneback", 16)])
def test_the_smallest_side_works_at_any_length(name: str, side: int) -> None:
    rng = np.random.default_rng(0)
    for size in ((side, 16 if side == 16 else 32), (side, 333), (333, side)):
        frame = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
        assert np.isfinite(build_estimator(name).estimate(frame, frame)).all()
    small = frame[:, : side - 1]
    with pytest.raises(InvalidInputError, match="too small"):
        build_estimator(name).estimate(small, small)


def test_wrong_parameters_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="ultrafast, fast, medium"):
        DIS("slow")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="1 level"):
        Farneback(levels=0)
