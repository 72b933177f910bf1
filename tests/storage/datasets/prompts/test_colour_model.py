"""Probabilities by colour and place, on pictures of few colours."""

import numpy as np

from storage.datasets.prompts.colour_model import object_probability


def test_colours_overrule_a_guess_of_the_place_but_not_certainty() -> None:
    frame = np.full((20, 30, 3), (40, 90, 60), np.uint8)
    frame[5:15, 5:20] = (200, 60, 50)
    prior = np.full((20, 30), -2, np.float32)
    prior[5:15, 5:14] = 2  # a part of the object
    prior[:, 22:] = -np.inf
    prior[0, 0] = np.inf
    found = object_probability(frame, prior)
    expected = np.zeros((20, 30), bool)
    expected[5:15, 5:20] = True
    expected[0, 0] = True
    np.testing.assert_array_equal(found > 0.5, expected)
    assert found[0, 0] == 1
    assert not found[:, 22:].any()


def test_equal_colours_leave_the_guess() -> None:
    frame = np.full((8, 8, 3), 120, np.uint8)
    prior = np.linspace(-2, 2, 64, dtype=np.float32).reshape(8, 8)
    found = object_probability(frame, prior)
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-prior)), atol=1e-4)


def test_no_pixel_of_one_class_gives_no_error() -> None:
    frame = np.random.default_rng(3).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    for certain in (-np.inf, np.inf):
        found = object_probability(frame, np.full((8, 8), certain, np.float32))
        np.testing.assert_array_equal(found, float(certain > 0))
