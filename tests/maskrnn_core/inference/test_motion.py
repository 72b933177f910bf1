"""Pixels that move with the background are told from those that move with the object."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskrnn_core.inference.motion import STRONGEST, background_evidence

SIZE = (48, 64)
ROWS, COLUMNS = np.mgrid[0 : SIZE[0], 0 : SIZE[1]].astype(np.float32)


def object_mask() -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[12:36, 16:40] = True
    return mask


def moving(own: tuple[float, float], others: tuple[float, float], shape: np.ndarray) -> np.ndarray:
    """Flow of an object with one motion before a background with another, slightly noisy."""
    rng = np.random.default_rng(0)
    flow = np.where(shape[..., None], np.array(own), np.array(others))
    return (flow + rng.normal(0, 0.1, flow.shape)).astype(np.float32)


def test_what_moves_with_the_background_is_told_from_what_moves_with_the_object() -> None:
    mask = object_mask()
    shape = mask.copy()
    shape[12:36, 40:46] = True  # a part of the object that the mask does not show yet
    evidence = background_evidence(moving((3, 1), (0, 0), shape), mask, 1.0)
    assert evidence is not None
    assert evidence.dtype == np.float32
    assert evidence[13:35, 41:45].min() > -0.5
    assert np.median(evidence[:, 48:]) < -3
    assert (evidence[mask] == 0).all()


def test_without_a_motion_of_its_own_nothing_speaks_against_a_pixel() -> None:
    mask = object_mask()
    evidence = background_evidence(moving((2, 0), (2, 0), mask), mask, 1.0)
    assert evidence is not None
    assert np.median(evidence) > -0.5


def test_a_camera_that_turns_and_comes_nearer_is_a_background_motion() -> None:
    mask = object_mask()
    x, y = (COLUMNS - 30) / 10, (ROWS - 20) / 10
    camera = np.stack((0.5 * x - 0.3 * y, 0.3 * x + 0.5 * y), axis=-1)
    flow = np.where(mask[..., None], np.array([4, 4]), camera).astype(np.float32)
    evidence = background_evidence(flow, mask, 1.0)
    assert evidence is not None
    assert np.median(evidence[~mask]) == -STRONGEST


def test_a_window_shows_a_part_of_the_same_evidence() -> None:
    mask = object_mask()
    flow = moving((3, 1), (0, 0), mask)
    window = (slice(8, 40), slice(24, 64))
    whole, part = (background_evidence(flow, mask, 1.0, *where) for where in ((), (window,)))
    assert whole is not None
    assert part is not None
    np.testing.assert_array_equal(part, whole[window])


@given(weight=st.floats(0, 5), seed=st.integers(0, 2**16))
def test_evidence_speaks_against_new_pixels_alone_and_within_bounds(
    weight: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    mask = object_mask()
    flow = rng.normal(0, 3, (*SIZE, 2)).astype(np.float32)
    evidence = background_evidence(flow, mask, weight)
    assert evidence is not None
    assert np.isfinite(evidence).all()
    assert -STRONGEST <= evidence.min() <= evidence.max() <= 0
    assert (evidence[mask] == 0).all()


@pytest.mark.parametrize("share", ["nothing", "a few pixels", "everything"])
def test_no_evidence_where_too_few_pixels_tell_a_motion(share: str) -> None:
    mask = np.zeros(SIZE, bool)
    if share == "a few pixels":
        mask[5, 5:10] = True
    if share == "everything":
        mask[:] = True
    assert background_evidence(np.zeros((*SIZE, 2), np.float32), mask, 1.0) is None
