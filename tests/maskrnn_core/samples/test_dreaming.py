"""Dreamed frames: flow and target follow the picture exactly; the same seed dreams the same."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskrnn_core.options import DreamOptions
from maskrnn_core.samples.augmentation import FlowPair, FrameSample
from maskrnn_core.samples.dreaming import Dreamer, random_motion

SIZE = (48, 64)
STILL = DreamOptions(
    share=1.0,
    translation=0,
    rotation=0,
    scale=0,
    deformation=0,
    motion=0,
    turn=0,
    camera=0,
    light=0,
    occluder=0,
)
seeds = st.integers(0, 2**31)


def _sample(x: int = 24, y: int = 16) -> FrameSample:
    """A bright square of 16 pixels on a dark ground, with a strip of void at the left."""
    rng = np.random.default_rng(2)
    frame = rng.integers(0, 60, (*SIZE, 3), dtype=np.uint8)
    frame[y : y + 16, x : x + 16] = rng.integers(180, 255, (16, 16, 3), dtype=np.uint8)
    target = np.zeros(SIZE, np.uint8)
    target[y : y + 16, x : x + 16] = 1
    target[:, :3] = 255
    nothing = np.zeros((*SIZE, 2), np.float32)
    return FrameSample(frame, target, FlowPair(nothing, nothing))


def _flows(sample: FrameSample) -> FlowPair:
    assert sample.flows
    return sample.flows


def test_without_change_it_is_the_frame() -> None:
    sample = _sample()
    found = Dreamer(sample, STILL).draw(np.random.default_rng(0))
    np.testing.assert_array_equal(found.target, sample.target)
    flows = _flows(found)
    for flow in (flows.backward, flows.forward):
        np.testing.assert_allclose(flow, 0, atol=1e-4)
    inside = cv2.erode((sample.target == 1).astype(np.uint8), np.ones((5, 5))).astype(bool)
    np.testing.assert_array_equal(found.frame[inside], sample.frame[inside])
    outside = cv2.dilate((sample.target == 1).astype(np.uint8), np.ones((11, 11))) == 0
    np.testing.assert_array_equal(found.frame[outside], sample.frame[outside])


@given(seeds)
def test_the_target_is_where_the_object_shows(seed: int) -> None:
    options = replace(DreamOptions(share=1.0), light=0.0)
    found = Dreamer(_sample(), options).draw(np.random.default_rng(seed))
    bright = found.frame.min(axis=2) > 120
    wrong = (bright != (found.target == 1)) & (found.target != 255)
    edge = cv2.morphologyEx(
        (found.target == 1).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)
    )
    assert not (wrong & (edge == 0)).any()


@given(seeds)
def test_background_and_object_flow_each_on_their_own(seed: int) -> None:
    options = replace(STILL, motion=0.2, camera=0.1, turn=5.0)
    found = Dreamer(_sample(), options).draw(np.random.default_rng(seed))
    flows = _flows(found)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    points = np.stack((x, y, np.ones(SIZE)), axis=-1)
    for shown in (found.target == 1, found.target == 0):
        where = points[shown]
        there = where[:, :2] + flows.backward[shown]
        fit, _, _, _ = np.linalg.lstsq(where, there, rcond=None)
        np.testing.assert_allclose(where @ fit, there, atol=1e-3)
        linear, shift = fit[:2].T, fit[2]
        # The motion is constant: forward undoes what backward does.
        back = (where[:, :2] - shift) @ np.linalg.inv(linear).T
        np.testing.assert_allclose(where[:, :2] + flows.forward[shown], back, atol=1e-2)


def test_occluders_hide_a_part_of_the_object() -> None:
    areas = {}
    for occluder in (0.0, 0.5, 1.0):
        dreamer = Dreamer(_sample(), replace(STILL, occluder=occluder))
        drawn = [dreamer.draw(np.random.default_rng(seed)) for seed in range(40)]
        areas[occluder] = [int((sample.target == 1).sum()) for sample in drawn]
    assert set(areas[0.0]) == {256}
    assert max(areas[1.0]) < 256
    hidden = sum(area < 256 for area in areas[0.5])
    assert 10 <= hidden <= 30


def test_a_frame_without_the_object_stays() -> None:
    sample = _sample()
    sample.target[sample.target == 1] = 0
    assert Dreamer(sample, DreamOptions(share=1.0)).draw(np.random.default_rng(0)) is sample


def test_the_same_seed_dreams_the_same() -> None:
    dreamer = Dreamer(_sample(), DreamOptions(share=1.0))
    first, second, other = (dreamer.draw(np.random.default_rng(seed)) for seed in (3, 3, 4))
    for name in ("frame", "target"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    for name in ("backward", "forward"):
        former, latter = (getattr(_flows(sample), name) for sample in (first, second))
        np.testing.assert_array_equal(former, latter)
    assert (first.frame != other.frame).any()


@given(seeds)
def test_without_flows_the_dreams_are_the_same_but_have_none(seed: int) -> None:
    samples = (_sample(), replace(_sample(), flows=None))
    options = DreamOptions(share=1.0)
    known, bare = (Dreamer(sample, options).draw(np.random.default_rng(seed)) for sample in samples)
    assert bare.flows is None
    np.testing.assert_array_equal(known.frame, bare.frame)
    np.testing.assert_array_equal(known.target, bare.target)


def test_motions_turn_about_the_middle_of_the_box() -> None:
    box = np.array([10, 20, 31, 41], np.float32)
    motion = random_motion(box, np.random.default_rng(1), 0.0, 30.0, 0.2)
    middle = np.array([20, 30])
    assert motion[:, :2] @ middle + motion[:, 2] == pytest.approx(middle)
