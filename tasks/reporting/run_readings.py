"""Tables that the report of a run has read and that its page shows, too."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from storage.runs.ledger import VideoRecord
from storage.store.artifacts import ArtifactStore
from tasks.reporting.curves import gather_curves
from tasks.reporting.stages_table import stages_table


@dataclass(frozen=True)
class RunReadings:
    """Tables for which a request per artifact is needed on an object store.

    Args:
        curves: as `gather_curves` gives them.
        stages: as `stages_table` gives them.
    """

    curves: pd.DataFrame
    stages: pd.DataFrame


def read_run(store: ArtifactStore, records: Mapping[str, VideoRecord]) -> RunReadings:
    """Read the tables of a run from its store; `records` are those of its ledger, by name."""
    return RunReadings(gather_curves(store, records), stages_table(store, records))
