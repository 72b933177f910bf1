"""Mean, recall and decay of a sequence of per-frame values, as DAVIS defines them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from maskrnn_core.errors import InvalidInputError

Values = NDArray[np.float64]

RECALL_THRESHOLD = 0.5


@dataclass(frozen=True)
class Summary:
    """Statistics of one object in one video; NaN if there are no values."""

    mean: float
    """Mean of the values that are not NaN."""
    recall: float
    """Share of values strictly above 0.5; NaN counts as not above."""
    decay: float
    """Mean of the first quarter of the frames minus mean of the last; negative if it improves."""


def summarize(values: ArrayLike) -> Summary:
    """Statistics of float values (T,), one per evaluated frame.

    The quarters are v[ids[0]..ids[1]] and v[ids[3]..ids[4]], both ends included, with
    ids = round_half_up(linspace(1, T, 5)) - 1 (Perazzi et al. 2016, section 4.2). The official
    Python codes store these indices in 8 bits, so their decay is wrong beyond 256 frames. Here it
    is right for any length.

    Raises:
        InvalidInputError: `values` is not one-dimensional.
    """
    v: Values = np.asarray(values, dtype=np.float64)
    if v.ndim != 1:
        raise InvalidInputError(
            f"summarize takes one value per frame, shape (T,), but got shape {v.shape}; "
            "pass one object of one video at a time"
        )
    if v.size == 0:
        return Summary(np.nan, np.nan, np.nan)
    # round_half_up(k * (T - 1) / 4) in integers
    ids = [(k * (v.size - 1) + 2) // 4 for k in range(5)]
    decay = mean_of_finite(v[ids[0] : ids[1] + 1]) - mean_of_finite(v[ids[3] : ids[4] + 1])
    return Summary(
        mean=mean_of_finite(v),
        recall=float(np.mean(v > RECALL_THRESHOLD)),
        decay=decay,
    )


def mean_of_finite(values: ArrayLike) -> float:
    """Mean of the values that are not NaN; NaN (without a warning) if there are none."""
    v: Values = np.asarray(values, dtype=np.float64)
    kept = v[~np.isnan(v)]
    return float(kept.mean()) if kept.size else float("nan")
