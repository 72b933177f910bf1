"""Files of a report: whole, and never in the place of what somebody else wrote."""

from pathlib import Path

import pandas as pd
import pytest

from tasks.reporting.folder import replace_file, write_tables


def test_own_files_are_replaced(tmp_path: Path) -> None:
    file = tmp_path / "report" / "summary.md"
    replace_file(file, b"first")
    replace_file(file, b"second")
    assert file.read_bytes() == b"second"


def test_files_of_an_earlier_version_are_replaced(tmp_path: Path) -> None:
    file = tmp_path / "report" / "summary.md"
    file.parent.mkdir()
    file.write_bytes(b"by a version that kept no list")
    replace_file(file, b"second")
    assert file.read_bytes() == b"second"


@pytest.mark.parametrize("name", ["summary.md", "overlays/walk_sheet.jpg"])
def test_a_file_that_somebody_changed_stays(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "report" / name
    replace_file(file, b"first")
    file.write_bytes(b"first, with notes of mine")
    replace_file(file, b"second")
    assert file.read_bytes() == b"first, with notes of mine"
    assert f"{file} has changed since this program wrote it" in caplog.text
    assert "maskrnn report RUN --anew" in caplog.text


def test_a_table_that_somebody_changed_stops_no_other(tmp_path: Path) -> None:
    table = pd.DataFrame({"video": ["walk"]})
    write_tables({"a": table, "b": table}, tmp_path)
    (tmp_path / "a.csv").write_text("mine")
    write_tables({"a": table.assign(J=0.5), "b": table.assign(J=0.5)}, tmp_path)
    assert (tmp_path / "a.csv").read_text() == "mine"
    assert (tmp_path / "b.csv").read_text() == "video,J\nwalk,0.5\n"
