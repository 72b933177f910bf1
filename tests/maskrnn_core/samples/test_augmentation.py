from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from maskrnn_core.geometry.boxes import mask_box
from maskrnn_core.networks.inputs import flow_magnitude
from maskrnn_core.options import AugmentationOptions, LearningOptions
from maskrnn_core.samples.augmentation import (
    FlowPair,
    FrameSample,
    Geometry,
    random_geometry,
    transform,
)
from maskrnn_core.samples.batches import collate, draw_geometry, vary
from maskrnn_core.video import FloatArray

SIZE = (40, 60)
STILL = AugmentationOptions(flip=False, rotation=0, scale=(1, 1))
seeds = st.integers(0, 2**31)


def _sample() -> FrameSample:
    """The frame's channels are the mask and the coordinates, so that alignment can be read off."""
    target = np.zeros(SIZE, dtype=np.uint8)
    target[12:28, 20:44] = 1
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    frame = np.stack([target * 200, x * 4, y * 4], axis=-1).astype(np.uint8)
    flow = np.stack([0.1 * x - 2, 0.05 * y + 1], axis=-1).astype(np.float32)
    return FrameSample(frame, target, FlowPair(flow, -flow))


def _backward(sample: FrameSample) -> FloatArray:
    assert sample.flows
    return sample.flows.backward


def _draw(seed: int, options: AugmentationOptions) -> Geometry:
    box = mask_box(_sample().target == 1)
    return random_geometry(np.random.default_rng(seed), SIZE, SIZE, box, options)


def test_no_change_gives_the_sample_back() -> None:
    sample, moved = _sample(), transform(_sample(), _draw(0, STILL))
    np.testing.assert_array_equal(moved.frame, sample.frame)
    np.testing.assert_array_equal(moved.target, sample.target)
    np.testing.assert_allclose(_backward(moved), _backward(sample), atol=1e-5)


@given(seeds)
def test_target_and_frame_stay_aligned(seed: int) -> None:
    moved = transform(_sample(), _draw(seed, AugmentationOptions()))
    valid = moved.target != 255
    from_frame = moved.frame[..., 0] > 100
    disagree = (from_frame != (moved.target == 1)) & valid
    assert disagree.sum() <= 0.12 * max(1, (moved.target == 1).sum())  # edges only


@given(seeds, st.floats(0.1, 1.0))
def test_the_crop_keeps_the_object(seed: int, crop: float) -> None:
    output = (round(SIZE[0] * crop), round(SIZE[1] * crop))
    box = mask_box(_sample().target == 1)
    options = AugmentationOptions(crop=crop)
    geometry = random_geometry(np.random.default_rng(seed), SIZE, output, box, options)
    moved = transform(_sample(), geometry).target == 1
    linear = geometry.matrix[:, :2]
    width, height = np.abs(linear) @ (24, 16)  # of the turned object of 24x16 pixels
    if width > output[1] and height > output[0]:
        middle = np.array([output[1], output[0]]) / 2 - 0.5
        x, y = np.linalg.solve(linear, middle - geometry.matrix[:, 2])
        assert 19.4 < x < 43.6
        assert 11.4 < y < 27.6
    if width <= output[1] and height <= output[0]:
        area = 24 * 16 * abs(np.linalg.det(linear))
        assert moved.sum() == pytest.approx(area, abs=2 * (width + height) + 4), "all of it"


@given(seeds)
def test_flow_turns_and_scales_with_the_frame(seed: int) -> None:
    geometry = _draw(seed, AugmentationOptions())
    moved = transform(_sample(), geometry)
    inverse = np.linalg.inv(np.vstack([geometry.matrix, [0, 0, 1]]))
    row, column = SIZE[0] // 2, SIZE[1] // 2
    x, y, _ = inverse @ [column, row, 1]
    if not (1 < x < SIZE[1] - 2 and 1 < y < SIZE[0] - 2):
        return
    flow = np.array([0.1 * x - 2, 0.05 * y + 1])
    expected = geometry.matrix[:, :2] @ flow
    np.testing.assert_allclose(_backward(moved)[row, column], expected, atol=0.02)
    scale = np.sqrt(abs(np.linalg.det(geometry.matrix[:, :2])))
    length = np.linalg.norm(_backward(moved)[row, column])
    assert length == pytest.approx(scale * np.linalg.norm(flow), abs=0.03)


def test_outside_the_frame_is_void() -> None:
    options = AugmentationOptions(flip=False, rotation=0, scale=(0.5, 0.5))
    moved = transform(_sample(), _draw(1, options))
    assert (moved.target[0] == 255).all()
    assert not _backward(moved)[0].any()
    assert len(np.unique(moved.frame[0].reshape(-1, 3), axis=0)) == 1


def test_crops_are_magnified_from_larger_frames() -> None:
    geometry = random_geometry(np.random.default_rng(0), (80, 120), SIZE, None, STILL)
    np.testing.assert_allclose(geometry.matrix[:, :2], np.eye(2) * 0.5)


def test_brightness_changes_the_frame_alone() -> None:
    options = AugmentationOptions(flip=False, rotation=0, scale=(1, 1), brightness=0.5)
    moved = transform(_sample(), _draw(3, options))
    assert (moved.frame != _sample().frame).any()
    np.testing.assert_array_equal(moved.target, _sample().target)


@pytest.mark.parametrize(("gain", "offset"), [(1.0, -12.75), (1.1, 20.0), (0.9, 0.0)])
def test_brighter_pixels_stay_brighter(gain: float, offset: float) -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    sample = FrameSample(np.stack([levels] * 3, axis=-1), levels * 0, None)
    unmoved = np.array([[1.0, 0, 0], [0, 1.0, 0]])
    moved = transform(sample, Geometry(unmoved, (16, 16), gain, offset)).frame[..., 0]
    expected = np.clip(np.rint(levels.astype(float) * gain + offset), 0, 255)
    np.testing.assert_array_equal(moved, expected)


def test_crops_anywhere_show_every_part_of_the_frame() -> None:
    output = (12, 18)
    around = AugmentationOptions(flip=False, rotation=0, scale=(1, 1), crop=0.3)
    anywhere = AugmentationOptions(flip=False, rotation=0, scale=(1, 1), crop=0.3, anywhere=1.0)
    sample = _sample()
    seen = {}
    for name, options in {"around": around, "anywhere": anywhere}.items():
        shown = np.zeros(SIZE, bool)
        for seed in range(400):
            rng = np.random.default_rng(seed)
            geometry = draw_geometry(sample, rng, output, options)
            x, y = -geometry.matrix[:, 2].round().astype(int)
            shown[max(y, 0) : y + output[0], max(x, 0) : x + output[1]] = True
        seen[name] = shown.mean()
    assert seen["around"] < 0.8
    assert seen["anywhere"] > 0.95


def test_crops_around_the_object_do_not_ask_for_more_chance() -> None:
    sample = _sample()
    first, second = np.random.default_rng(5), np.random.default_rng(5)
    drawn = draw_geometry(sample, first, SIZE, AugmentationOptions())
    box = mask_box(sample.target == 1)
    expected = random_geometry(second, SIZE, SIZE, box, AugmentationOptions())
    np.testing.assert_array_equal(drawn.matrix, expected.matrix)
    assert first.random() == second.random()


def test_without_flows_a_batch_has_no_magnitudes() -> None:
    batches = [
        collate([vary(sample, "s", np.random.default_rng(3), SIZE, LearningOptions())])
        for sample in (_sample(), replace(_sample(), flows=None))
    ]
    with_flows, without = batches
    assert with_flows.magnitudes is not None
    assert without.magnitudes is None
    for name in ("frame", "target", "mask", "proposals"):
        assert torch.equal(getattr(with_flows, name), getattr(without, name)), name


@pytest.mark.parametrize("size", [(40, 60), (60, 40), (80, 120)])
def test_magnitudes_are_relative_to_the_width_of_the_own_frame(size: tuple[int, int]) -> None:
    flow = np.zeros((*size, 2), np.float32)
    flow[..., 0] = 0.03 * size[1]
    still = np.zeros((*size, 3), np.uint8)
    sample = FrameSample(still, still[..., 0] + 1, FlowPair(flow, flow))
    options = replace(LearningOptions(), augmentation=replace(STILL, crop=0.5))
    first = vary(_sample(), "first", np.random.default_rng(0), (20, 30), options)
    own = vary(sample, "own", np.random.default_rng(0), (20, 30), options)
    lengths = collate([first, own]).magnitudes
    assert lengths is not None
    expected = flow_magnitude(torch.from_numpy(flow).permute(2, 0, 1)[None], size[1])
    middle = lengths[1, 0, 10, 15]
    torch.testing.assert_close(middle, expected[0, 0, 10, 15], atol=1e-3, rtol=0)
