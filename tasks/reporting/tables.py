"""Joins the evaluations of all videos and presets into the tables of a run."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from storage.kinds.tables import read_tables
from storage.store.artifacts import ArtifactStore
from tasks.plan.outcome import VideoResult
from tasks.scores.aggregation import aggregate, in_order
from tasks.scores.scoring import PER_FRAME, PER_OBJECT
from tasks.units.evaluate import EVALUATIONS


@dataclass(frozen=True)
class Tables:
    """All have a column `preset`; J and F lie in 0..1, higher is better; for decay and T, lower
    is."""

    per_frame: pd.DataFrame
    per_object: pd.DataFrame
    per_sequence: pd.DataFrame
    dataset: pd.DataFrame

    def named(self) -> dict[str, pd.DataFrame]:
        """The tables by the names of their files."""
        return {
            "per_frame": self.per_frame,
            "per_object": self.per_object,
            "per_sequence": self.per_sequence,
            "dataset": self.dataset,
        }


def gather(store: ArtifactStore, results: Sequence[VideoResult], presets: Sequence[str]) -> Tables:
    """Read and join the evaluations.

    A sequence is the mean over its objects, the data set the mean over all objects (DAVIS-2017;
    with one object per sequence, also DAVIS-2016). `dataset` has a row per preset, in the order
    of `presets`.
    """
    columns = {"per_frame": PER_FRAME, "per_object": PER_OBJECT}
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in columns}
    for result in results:
        if result.evaluation is not None:
            found = read_tables(store, EVALUATIONS, result.evaluation, list(columns))
            for name, part in found.items():
                part.insert(0, "preset", result.preset)
                parts[name].append(part)
    per_frame, per_object = (
        _joined(parts[name], ["preset", *columns[name]], presets) for name in columns
    )
    return Tables(per_frame, per_object, *aggregate(per_object, presets))


def common_videos(tables: Tables, presets: Sequence[str]) -> set[str]:
    """Return the videos that every preset completed, on which presets can be compared."""
    names = [
        set(tables.per_sequence.loc[tables.per_sequence["preset"] == preset, "video"])
        for preset in presets
    ]
    return set.intersection(*names) if names else set()


def _joined(
    parts: Sequence[pd.DataFrame], columns: list[str], presets: Sequence[str]
) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame(columns=columns)
    return in_order(pd.concat(parts, ignore_index=True), presets)
