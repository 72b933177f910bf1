"""Sampling, textures and silhouettes."""

import numpy as np
import pytest

from maskrnn_core.synthetic.layers import sample
from maskrnn_core.synthetic.silhouette import silhouette
from maskrnn_core.synthetic.texture import colour_ramp, landscape, noise_field, palette, surface


def _generator(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def test_sampling_is_exact_on_and_between_texels() -> None:
    texture = _generator().integers(0, 256, (5, 7, 4), dtype=np.uint8)
    y, x = np.mgrid[:4, :6].reshape(2, -1).astype(float)
    on = sample(texture, np.stack([x, y], axis=1))
    assert np.array_equal(on, texture[:4, :6].reshape(-1, 4))
    between = sample(texture, np.array([[2.5, 1.25]]))
    expected = (0.5 * (texture[1, 2] + texture[1, 3].astype(float))) * 0.75 + 0.25 * (
        0.5 * (texture[2, 2] + texture[2, 3].astype(float))
    )
    assert np.array_equal(between[0], expected)


def test_sampling_repeats_the_edge() -> None:
    texture = _generator().integers(0, 256, (5, 7, 4), dtype=np.uint8)
    outside = sample(texture, np.array([[-9.0, -9.0], [99.0, 99.0]]))
    assert np.array_equal(outside[0], texture[0, 0])
    assert np.abs(outside[1] - texture[-1, -1]).max() < 2.0  # within 1/256 of the last texel


@pytest.mark.parametrize("seed", range(9))
def test_silhouettes_fit_into_their_disc(seed: int) -> None:
    radius, half = 30.0, 38
    ramp = silhouette(_generator(seed), radius, half)
    y, x = np.mgrid[: 2 * half, : 2 * half] + 0.5 - half
    inside = ramp > 127
    assert np.hypot(x, y)[inside].max() <= radius + 1.0
    assert 0.2 * np.pi * radius**2 < inside.sum() < np.pi * radius**2
    assert ramp[0].max() == ramp[:, 0].max() == 0


def test_noise_is_centred_and_of_unit_size_and_smooth() -> None:
    field = noise_field(_generator(), (60, 80), 20.0, 3)
    assert abs(field.mean()) < 1e-9
    assert abs(field.std() - 1.0) < 1e-9
    assert np.abs(np.diff(field, axis=0)).mean() < 0.3


def test_colours_come_from_the_palette() -> None:
    colours = palette(_generator())
    assert colours.shape == (6, 3)
    assert 40 <= colours.min() <= colours.max() <= 215
    ends = colour_ramp(np.array([[-9.0, 9.0]]), colours)
    assert np.allclose(ends[0], colours[[0, -1]])
    assert np.allclose(colour_ramp(np.zeros((2, 2)), colours[:1]), colours[0])


@pytest.mark.parametrize("seed", range(6))
def test_surfaces_and_landscapes_have_texture(seed: int) -> None:
    rng = _generator(seed)
    colours = palette(rng)
    skin = surface(rng, (40, 40), colours, 15.0)
    assert skin.shape == (40, 40, 3)
    assert skin.std(axis=(0, 1)).max() > 8.0
    ground = landscape(rng, (80, 120), colours, 20.0)
    assert ground.shape == (80, 120, 3)
    assert ground.std(axis=(0, 1)).max() > 15.0
