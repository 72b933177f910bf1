"""Averages figures per object into figures per sequence, data set and attribute."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from maskrnn_core.metrics.statistics import mean_of_finite
from tasks.scores.scoring import PER_OBJECT

FIGURES = PER_OBJECT[2:]
BOTH = "J&F_mean"


def aggregate(
    per_object: pd.DataFrame, presets: Sequence[str], stable: Collection[str] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return rows per (preset, video) and per preset, from rows per (preset, video, object).

    A sequence is the mean over its objects, the data set the mean over all objects (DAVIS-2017;
    with one object per sequence, also DAVIS-2016). NaN is ignored.

    Args:
        per_object: columns `preset` and those of `PER_OBJECT`.
        presets: their order.
        stable: videos whose T counts for the data set; None counts all.
    """
    averages = {name: (name, "mean") for name in FIGURES}
    per_sequence = (
        per_object.groupby(["preset", "video"], sort=True)
        .agg(objects=("object", "size"), **averages)
        .reset_index()
    )
    if stable is not None:
        steady = per_object["T_mean"].where(per_object["video"].isin(list(stable)))
        per_object = per_object.assign(T_mean=steady)
    dataset = (
        per_object.groupby("preset", sort=True)
        .agg(sequences=("video", "nunique"), objects=("object", "size"), **averages)
        .reindex([name for name in presets if name in set(per_object["preset"])])
        .reset_index()
    )
    return in_order(_with_both(per_sequence), presets), _with_both(dataset)


def per_attribute(
    per_object: pd.DataFrame,
    attributes: Mapping[str, Collection[str]],
    stable: Collection[str] | None = None,
) -> pd.DataFrame:
    """Return a row per attribute: figures of the sequences with it, and of those without it.

    Args:
        per_object: columns of `PER_OBJECT`.
        attributes: by video its attributes.
        stable: videos whose T counts; None counts all.
    """
    present = {video: set(attributes.get(video, ())) for video in per_object["video"].unique()}
    figures = per_object[FIGURES].to_numpy(dtype=float, copy=True)
    if stable is not None:
        figures[~per_object["video"].isin(list(stable)).to_numpy(), FIGURES.index("T_mean")] = (
            np.nan
        )
    rows = []
    for attribute in sorted(set().union(*present.values())):
        having = np.array([attribute in present[video] for video in per_object["video"]])
        means = [mean_of_finite(column) for column in figures[having].T]
        others = {
            f"{name}_others": mean_of_finite(figures[~having, FIGURES.index(name)])
            for name in ("J_mean", "F_mean")
        }
        counts = int(per_object.loc[having, "video"].nunique()), int(having.sum())
        rows.append((attribute, *counts, *means, *others.values()))
    columns = ["attribute", "sequences", "objects", *FIGURES, "J_mean_others", "F_mean_others"]
    return _with_both(pd.DataFrame(rows, columns=columns))


def in_order(table: pd.DataFrame, presets: Sequence[str]) -> pd.DataFrame:
    """Sort rows by the order of presets, then by video, object and frame."""
    rank = {name: position for position, name in enumerate(presets)}
    keys = [name for name in ("preset", "video", "object", "frame") if name in table.columns]
    return table.sort_values(
        keys, key=lambda column: column.map(rank) if column.name == "preset" else column
    ).reset_index(drop=True)


def _with_both(table: pd.DataFrame) -> pd.DataFrame:
    """Insert a column J&F, the mean of both means, before the others."""
    both = (table["J_mean"] + table["F_mean"]) / 2
    table.insert(list(table.columns).index("J_mean"), BOTH, both)
    return table
