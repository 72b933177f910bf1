"""Tables come back as they were."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from storage.errors import CorruptArtifactError, MissingArtifactError
from storage.kinds.tables import read_table, write_table
from storage.store.artifacts import ArtifactStore

FRAMES = pd.DataFrame({"video": ["bee", "bee"], "object": [1, 3], "J": [0.5, np.nan]})
SUMMARY = pd.DataFrame({"mean": [0.25]}, index=pd.Index(["bee"], name="video"))


def test_round_trip(any_store: ArtifactStore) -> None:
    tables = {"frames": FRAMES, "summary": SUMMARY}
    write_table(any_store, "evaluations", "k", tables, {"version": 1})
    pd.testing.assert_frame_equal(read_table(any_store, "evaluations", "k", "frames"), FRAMES)
    pd.testing.assert_frame_equal(read_table(any_store, "evaluations", "k", "summary"), SUMMARY)
    assert any_store.open("evaluations", "k").metadata == {"version": 1}
    write_table(any_store, "evaluations", "k", {})
    assert any_store.open("evaluations", "k").names == ["frames.parquet", "summary.parquet"]


def test_errors(store: ArtifactStore) -> None:
    with pytest.raises(MissingArtifactError):
        read_table(store, "evaluations", "k", "frames")
    write_table(store, "evaluations", "k", {"frames": FRAMES})
    with pytest.raises(MissingArtifactError, match=r"frames\.parquet"):
        read_table(store, "evaluations", "k", "summary")
    path = Path(store.location("evaluations", "k")) / "frames.parquet"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(CorruptArtifactError, match="recomputed"):
        read_table(store, "evaluations", "k", "frames")
