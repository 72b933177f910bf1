"""Compares the figures of two results sequence by sequence: differences and a paired test."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tasks.reporting.escaping import markdown_table, markdown_text

CONFIDENCE = 0.95
MEASURES = ("J", "F")


@dataclass(frozen=True)
class PairedTest:
    """How a measure differs, over the sequences that both results have.

    Args:
        measure: "J" or "F".
        sequences: their number, n.
        mean: mean difference, the other result minus the first one.
        low: lower end of the interval that contains the true mean with 95 % confidence, by
            Student's t over sequences; NaN with fewer than two sequences.
        high: its upper end.
        p_value: of the paired t-test; NaN if all differences are equal.
        rank_p_value: of Wilcoxon's signed-rank test, which assumes no normal distribution.
    """

    measure: str
    sequences: int
    mean: float
    low: float
    high: float
    p_value: float
    rank_p_value: float

    @property
    def verdict(self) -> str:
        """What the interval says, in words."""
        if math.isnan(self.low):
            return "one sequence is no evidence"
        if self.low <= 0 <= self.high:
            return "no difference shown"
        return "better" if self.mean > 0 else "worse"


def sequence_means(per_object: pd.DataFrame) -> pd.DataFrame:
    """Return a row per sequence, the mean over its objects: columns `J` and `F`, index `video`."""
    means = per_object.groupby("video")[["J_mean", "F_mean"]].mean()
    return means.rename(columns={"J_mean": "J", "F_mean": "F"})


def differences(first: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Return the sequences that both have, those that moved most first.

    Columns: `video`, `J_first`, `J_other`, `J` (the difference), and the same for F.

    Args:
        first: figures per sequence, as `sequence_means` gives them.
        other: the same of another result.
    """
    both = first.merge(other, left_index=True, right_index=True, suffixes=("_first", "_other"))
    for measure in MEASURES:
        both[measure] = both[f"{measure}_other"] - both[f"{measure}_first"]
    order = both["J"].abs().sort_values(ascending=False, kind="stable").index
    names = [f"{m}{end}" for m in MEASURES for end in ("_first", "_other", "")]
    return both.loc[order, names].rename_axis("video").reset_index()


def paired_tests(table: pd.DataFrame) -> list[PairedTest]:
    """Test the differences of every measure."""
    return [_test(measure, table[measure].dropna().to_numpy(float)) for measure in MEASURES]


def _test(measure: str, values: np.ndarray) -> PairedTest:
    nan, count = math.nan, len(values)
    mean = float(values.mean()) if count else nan
    if count < 2:
        return PairedTest(measure, count, mean, nan, nan, nan, nan)
    if np.ptp(values) < 1e-12:  # the t-test would divide by zero
        rank = nan if mean == 0 else _rank_p_value(values)
        return PairedTest(measure, count, mean, mean, mean, nan, rank)
    from scipy import stats

    result = stats.ttest_1samp(values, 0.0)
    interval = result.confidence_interval(CONFIDENCE)
    return PairedTest(
        measure,
        count,
        mean,
        float(interval.low),
        float(interval.high),
        float(result.pvalue),
        _rank_p_value(values),
    )


def _rank_p_value(values: np.ndarray) -> float:
    from scipy import stats

    moved = values[values != 0]
    return float(stats.wilcoxon(moved).pvalue) if len(moved) else math.nan


def markdown_comparison(first: str, other: str, table: pd.DataFrame, most: int = 10) -> str:
    """Return the comparison of two results as Markdown, with the sequences that moved most."""
    tests = [
        {
            "measure": test.measure,
            "sequences": test.sequences,
            "difference": f"{test.mean:+.3f}",
            "95 % interval": _interval(test),
            "p (t-test)": _p_value(test.p_value),
            "p (Wilcoxon)": _p_value(test.rank_p_value),
            "verdict": test.verdict,
        }
        for test in paired_tests(table)
    ]
    moved = table.head(most).copy()
    for name in MEASURES:
        moved[name] = [f"{value:+.3f}" for value in moved[name]]
    moved = moved.rename(
        columns={
            **{f"{m}_first": f"{m} first" for m in MEASURES},
            **{f"{m}_other": f"{m} other" for m in MEASURES},
            **{m: f"change of {m}" for m in MEASURES},
        }
    )
    return "\n\n".join(
        [
            f"## {markdown_text(other)} against {markdown_text(first)}",
            markdown_table(pd.DataFrame(tests)),
            f"The {len(moved)} of {len(table)} sequences that moved most; first: "
            f"{markdown_text(first)}, other: {markdown_text(other)}.",
            markdown_table(moved),
        ]
    )


def _interval(test: PairedTest) -> str:
    return "" if math.isnan(test.low) else f"{test.low:+.3f} to {test.high:+.3f}"


def _p_value(value: float) -> str:
    if math.isnan(value):
        return ""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
