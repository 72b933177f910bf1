from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from maskrnn_core.options import PerturbationOptions
from maskrnn_core.samples.perturbation import perturb_mask

NONE = PerturbationOptions(morphology=0, deformation=0, scale=0, rotation=0, translation=0)


def _mask() -> NDArray[np.bool_]:
    mask = np.zeros((96, 128), dtype=bool)
    mask[30:70, 40:90] = True
    return mask


def _iou(perturbed: NDArray[np.float32]) -> float:
    other = perturbed >= 0.5
    return float((other & _mask()).sum() / (other | _mask()).sum())


def test_no_change_gives_the_mask_back() -> None:
    result = perturb_mask(_mask(), np.random.default_rng(0), NONE)
    np.testing.assert_allclose(result, _mask().astype(np.float32), atol=1e-3)


@given(st.integers(0, 2**31))
def test_the_default_keeps_most_of_the_mask(seed: int) -> None:
    result = perturb_mask(_mask(), np.random.default_rng(seed), PerturbationOptions())
    assert result.dtype == np.float32
    assert result.min() >= 0
    assert result.max() <= 1
    assert _iou(result) > 0.4


@pytest.mark.parametrize(
    "change", [{"morphology": 30.0}, {"deformation": 0.2}, {"scale": 0.3}, {"rotation": 20.0}]
)
def test_each_kind_of_change_changes_the_mask(change: dict[str, float]) -> None:
    options = replace(NONE, **change)
    values = [_iou(perturb_mask(_mask(), np.random.default_rng(s), options)) for s in range(5)]
    assert min(values) < 0.97


def test_translation_moves_by_a_share_of_the_box() -> None:
    options = replace(NONE, translation=0.2)
    for seed in range(10):
        result = perturb_mask(_mask(), np.random.default_rng(seed), options) >= 0.5
        rows, columns = np.nonzero(result)
        assert abs(rows.mean() - 49.5) <= 0.2 * 40 + 0.5
        assert abs(columns.mean() - 64.5) <= 0.2 * 50 + 0.5
        assert result.sum() == pytest.approx(_mask().sum(), rel=0.06)


def test_a_ghost_is_the_same_mask_elsewhere() -> None:
    options = replace(NONE, ghost=1.0)
    added = []
    for seed in range(20):
        result = perturb_mask(_mask(), np.random.default_rng(seed), options)
        assert result[_mask()].min() > 0.99, "the object itself stays"
        ghost = (result >= 0.5) & ~_mask()
        added.append(ghost.sum())
    assert max(added) > 0.5 * _mask().sum()
    assert len(set(added)) > 10


def test_dropping_and_empty_masks_give_zeros() -> None:
    dropped = perturb_mask(_mask(), np.random.default_rng(0), replace(NONE, drop=1.0))
    assert not dropped.any()
    empty = np.zeros((96, 128), dtype=bool)
    assert not perturb_mask(empty, np.random.default_rng(0), PerturbationOptions()).any()


def test_the_same_seed_gives_the_same_mask() -> None:
    first = perturb_mask(_mask(), np.random.default_rng(4), PerturbationOptions())
    second = perturb_mask(_mask(), np.random.default_rng(4), PerturbationOptions())
    np.testing.assert_array_equal(first, second)


def test_a_blob_at_the_outline_is_missing_or_added() -> None:
    options = replace(NONE, blob=1.0)
    changes = []
    for seed in range(20):
        result = perturb_mask(_mask(), np.random.default_rng(seed), options) >= 0.5
        missing, added = (_mask() & ~result).sum(), (result & ~_mask()).sum()
        assert (missing > 0) != (added > 0)
        changes.append(added > 0)
        rows, columns = np.nonzero(result ^ _mask())
        assert rows.min() <= 70
        assert rows.max() >= 29
        assert columns.min() <= 90
        assert columns.max() >= 39
    assert 0 < sum(changes) < 20
