"""The flow of synthetic videos matches the motion of their pixels."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskrnn_core.optical_flow.consistency import inconsistent_pixels
from maskrnn_core.synthetic import SyntheticOptions, SyntheticVideo
from maskrnn_core.synthetic.motion import BodyMotion, CameraMotion, Path, Wave
from maskrnn_core.synthetic.texture import Float64Array
from maskrnn_core.video import FloatArray, UInt8Array

CLEAN = SyntheticOptions(noise=0.0, lighting=0.0)


def _pull(image: UInt8Array, flow: FloatArray, mode: int) -> UInt8Array:
    y, x = np.mgrid[: flow.shape[0], : flow.shape[1]].astype(np.float32)
    return np.asarray(cv2.remap(image, x + flow[..., 0], y + flow[..., 1], mode), np.uint8)


def _edges(labels: UInt8Array, width: int = 5) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    kernel = np.ones((width, width), np.uint8)
    return np.asarray(cv2.dilate(labels, kernel) != cv2.erode(labels, kernel), np.bool_)


@pytest.mark.parametrize("index", [0, 1, 2, 3])
@pytest.mark.parametrize("step", [-1, 1])
def test_a_neighbour_pulled_by_the_flow_is_the_frame(index: int, step: int) -> None:
    video = SyntheticVideo("val", index, CLEAN)
    for t in (5, 16, 27):
        there = video.forward_flow(t) if step == 1 else video.backward_flow(t)
        back = video.backward_flow(t + 1) if step == 1 else video.forward_flow(t - 1)
        assert there is not None
        assert back is not None
        hidden = inconsistent_pixels(there, back)
        assert hidden.mean() < 0.15
        # Pixels on an edge mix two layers, and each layer goes its own way.
        inner = ~hidden & ~_edges(hidden.astype(np.uint8)) & ~_edges(video.label_map(t))
        assert inner.mean() > 0.7

        pulled = _pull(video.frame(t + step), there, cv2.INTER_LINEAR)
        error = np.abs(pulled.astype(int) - video.frame(t))[inner]
        still = np.abs(video.frame(t + step).astype(int) - video.frame(t))[inner]
        assert error.mean() < 2.0
        assert error.mean() < 0.3 * still.mean()

        labels = _pull(video.label_map(t + step), there, cv2.INTER_NEAREST)
        assert (labels != video.label_map(t))[inner].mean() < 0.001
        assert (labels != video.label_map(t))[~hidden].mean() < 0.01


def test_hidden_points_have_a_flow_too() -> None:
    """The flow of a surface is smooth, except where another surface covers it at the other time."""
    video = SyntheticVideo("val", 2, CLEAN)
    flow = video.forward_flow(16)
    assert flow is not None
    background = video.label_map(16) == 0
    dx = np.abs(np.diff(flow[..., 0], axis=1))
    alike = background[:, 1:] & background[:, :-1]
    assert np.isfinite(flow).all()
    assert np.median(dx[alike]) < 0.1


def test_without_motion_the_flow_is_zero() -> None:
    still = SyntheticOptions(
        size=(48, 72), frames_val=4, camera_speed=0, speed=0, object_counts=(1,), deformation=0
    )
    video = SyntheticVideo("val", 0, still)
    assert video.backward_flow(0) is None
    assert video.forward_flow(3) is None
    camera = video._scene.background.motion
    held = CameraMotion(camera.centre, camera.pan, Wave(0.0, 1.0), Wave(0.0, 1.0))
    points = video._grid
    assert np.allclose(held.to_image(held.to_material(points, 1), 2), points)


amplitudes = st.floats(-0.2, 0.2)
waves = st.builds(Wave, amplitudes, st.floats(0.1, 1.0))
paths = st.integers(0, 999).map(lambda seed: Path(np.random.default_rng(seed).random((6, 2)) * 99))


def _points(seed: int, extent: float) -> Float64Array:
    return extent * (2.0 * np.random.default_rng(seed).random((50, 2)) - 1.0)


@settings(max_examples=40, deadline=None)
@given(
    motion=st.builds(
        BodyMotion,
        radius=st.floats(5, 40),
        path=paths,
        angle=st.floats(0, 6),
        spin=amplitudes,
        sway=waves,
        growth=waves,
        bend_x=waves,
        bend_y=waves,
        frequency=st.tuples(st.floats(0.5, 3), st.floats(0.5, 3)),
        phase=st.tuples(st.floats(0, 6), st.floats(0, 6)),
        breath=waves,
        lobes=st.integers(2, 5),
    ),
    time=st.integers(0, 19),
    seed=st.integers(0, 99),
)
def test_a_body_s_maps_are_inverse_and_stay_within_reach(
    motion: BodyMotion, time: int, seed: int
) -> None:
    material = _points(seed, 0.7)  # inside the unit disc
    image = motion.to_image(material, time)
    assert np.allclose(motion.to_material(image, time), material, atol=1e-9)
    distance = np.hypot(*(image - motion.path.at(time)).T)
    assert distance.max() <= motion.reach(time)


@settings(max_examples=20, deadline=None)
@given(path=paths, zoom=waves, turn=waves, time=st.integers(0, 19), seed=st.integers(0, 99))
def test_the_camera_s_maps_are_inverse(
    path: Path, zoom: Wave, turn: Wave, time: int, seed: int
) -> None:
    camera = CameraMotion((50.0, 30.0), path, zoom, turn)
    points = _points(seed, 100.0)
    assert np.allclose(camera.to_image(camera.to_material(points, time), time), points)


def test_a_path_passes_through_its_knots() -> None:
    knots = np.random.default_rng(3).random((5, 2)) * 50
    path = Path(knots)
    assert np.allclose([path.at(4 * k) for k in range(5)], knots)
