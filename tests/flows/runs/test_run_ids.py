"""Names that users give to runs."""

from pathlib import Path

import pytest

from flows.commands.archive import segment_archive
from flows.commands.execution import validated
from flows.runs.run_ids import check_run_id
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError


@pytest.mark.parametrize(
    ("run_id", "similar"),
    [
        ("my run", "my-run"),
        ("../up", "up"),
        ("", "my-run"),
        ("two\nlines", "two-lines"),
    ],
)
def test_a_name_that_would_not_be_the_name_of_its_folder_is_refused(
    tmp_path: Path, run_id: str, similar: str
) -> None:
    store = str(tmp_path / "store")
    with pytest.raises(ParameterError, match=f"such as {similar}: it also names a folder"):
        validated({"store": store, "run_id": run_id})
    with pytest.raises(ParameterError, match="letters, digits, dots, dashes and underscores"):
        segment_archive("rows.csv", {"store": store, "run_id": run_id}, dry_run=True)
    assert not Path(store).exists()


@pytest.mark.parametrize("run_id", [None, "nightly", "v1.2_small-3"])
def test_other_names_are_taken(tmp_path: Path, run_id: str | None) -> None:
    assert validated({"store": str(tmp_path), "run_id": run_id}).run_id == run_id


def test_a_run_of_an_earlier_version_keeps_its_name(tmp_path: Path) -> None:
    RunLedger(ArtifactStore(str(tmp_path)), "my run").begin({}, "0.1.0")
    check_run_id(str(tmp_path), "my run")
