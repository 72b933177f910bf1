"""`maskrnn report` of an archive, which has a summary and no page."""

from pathlib import Path

import pytest

from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.reporting.folder import SUMMARY, report_folder
from tests.command_line import run


@pytest.fixture
def ledger(tmp_path: Path) -> RunLedger:
    """Of an archive without records."""
    made = RunLedger(ArtifactStore(str(tmp_path)), "films")
    made.begin({"manifest": "films.csv"}, "1")
    return made


def test_an_archive_shows_its_summary_and_its_folder(
    ledger: RunLedger,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = report_folder(ArtifactStore(str(tmp_path)), ledger.location)
    assert run(monkeypatch, "report", "films", "--store", tmp_path) == 2
    assert "no report yet: run its command to the end; `maskrnn status" in capsys.readouterr().err
    folder.mkdir(parents=True)
    (folder / SUMMARY).write_text("# films\n\n1 of 2 rows done.\n")
    assert run(monkeypatch, "report", "films", "--store", tmp_path) == 0
    printed = capsys.readouterr().out
    assert "1 of 2 rows done." in printed
    assert f"Report: {folder}" in printed
    assert run(monkeypatch, "report", "films", "--embed", "--store", tmp_path) == 2
    assert "has no page: remove --embed and --open" in capsys.readouterr().err
