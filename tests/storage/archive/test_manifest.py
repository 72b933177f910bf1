"""Manifests: both forms, missing columns, and all errors in one message."""

import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.archive.check import CheckedManifest, check_manifest
from storage.archive.manifest import read_manifest
from storage.archive.offences import ManifestError, Offence, describe_offences
from storage.archive.row_ids import ID, made_ids


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.mp4", "b.mp4", "a.png", "b.png"):
        (tmp_path / name).write_bytes(b"x" * (1 + ord(name[0])))
    return tmp_path


def checked(folder: Path, text: str) -> CheckedManifest:
    manifest = folder / "list.csv"
    manifest.write_text(text)
    return check_manifest(read_manifest(str(manifest)))


def test_paths_are_relative_to_the_manifest_wherever_one_stands(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    found = checked(folder, f"video,mask\na.mp4,{folder}/a.png\n")
    assert not found.offences
    (row,) = found.table.to_dict(orient="records")
    assert row["video"] == str(folder / "a.mp4")
    assert row["mask"] == str(folder / "a.png")
    assert row["bytes"] == 98
    assert np.isnan(row["start"])
    assert np.isnan(row["end"])


def test_csv_and_parquet_say_the_same(folder: Path) -> None:
    table = pd.DataFrame(
        {
            "id": ["one", None],
            "video": ["a.mp4", "s3://bucket/b.mp4"],
            "mask": ["a.png", "https://host/b.png?x=1"],
            "priority": [None, 2],
            "start": [0.5, None],
            "end": [None, 3],
            "remark": ["of no matter", ""],
        }
    )
    table.to_csv(folder / "list.csv", index=False)
    table.to_parquet(folder / "list.parquet")
    csv, parquet = (
        check_manifest(read_manifest(str(folder / f"list.{kind}"))) for kind in ("csv", "parquet")
    )
    assert not [*csv.offences, *parquet.offences]
    pd.testing.assert_frame_equal(csv.table, parquet.table)
    assert csv.table["id"].tolist()[0] == "one"
    assert csv.table["priority"].tolist() == [0.0, 2.0]


def test_all_offenders_are_told_at_once_with_row_cause_and_cure(folder: Path) -> None:
    text = """id,video,mask,priority,start,end
good,a.mp4,a.png,1,0,2
../up,a.mp4,a.png,,,
good,b.mp4,b.png,,,
c,,b.png,,,
d,gone.mp4,b.png,,,
e,ftp://host/x.mp4,b.png,,,
f,s3:///key.mp4,b.png,,,
g,a.mp4,a.png,much,,
h,a.mp4,a.png,,3,2
i,a.mp4,a.png,,-1,inf
j,https://host/folder/,b.png,,,
k,/dev/null,b.png,,,
"""
    found = checked(folder, text)
    told = {(offence.row, offence.column) for offence in found.offences}
    assert told == {
        (2, "id"), (3, "id"), (4, "video"), (5, "video"), (6, "video"), (7, "video"),
        (8, "priority"), (9, "end"), (10, "start"), (10, "end"), (11, "video"), (12, "video"),
    }  # fmt: skip
    assert found.table["row"].tolist() == [1]
    message = describe_offences(found.place, found.rows, found.offences)
    assert message.startswith(f"{folder}/list.csv: 11 of 12 rows cannot be used")
    for part in (
        "row 2, id '../up': cannot be the name of a file",
        "row 3, id 'good': is also the id of row 1",
        "row 4, video '': is empty",
        "is not there; correct the path",
        "the protocol ftp:// is unknown; give a path, or an address with file://, http://",
        "row 8, priority 'much': is no number",
        "row 9, end '2': is not after the start (3)",
        "is neither a file nor a folder",
    ):
        assert part in message


def test_a_table_without_the_columns_names_what_it_has(folder: Path) -> None:
    (folder / "list.csv").write_text("video,id\na.mp4,one\n")
    with pytest.raises(ManifestError, match=r"the column mask is missing \(columns: .*video"):
        read_manifest(str(folder / "list.csv"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.csv", None, "is not there"),
        ("list.txt", "video,mask\n", "give a .csv or .parquet file"),
        ("empty.csv", "", "cannot be read"),
        ("bare.csv", "video,mask\n", "has no rows"),
        ("torn.parquet", "PAR1 and nothing more", "cannot be read"),
        ("latin.csv", b"video,mask\n\xe9.mp4,a.png\n", "cannot be read"),
    ],
)
def test_files_that_are_no_manifest(
    tmp_path: Path, name: str, content: str | bytes | None, message: str
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ManifestError, match=message):
        read_manifest(str(file))


def test_a_row_without_id_gets_one_that_stays_when_the_manifest_grows(folder: Path) -> None:
    first = checked(folder, "video,mask,start\na.mp4,a.png,\na.mp4,a.png,1\n").table["id"].tolist()
    more = (
        checked(folder, "start,video,mask\n,b.mp4,b.png\n1,a.mp4,a.png\n,a.mp4,a.png\n")
        .table["id"]
        .tolist()
    )
    assert more[1:] == first[::-1]
    assert first[0].startswith("a-")
    assert len(set(more)) == 3


def test_two_rows_that_say_the_same_are_told(folder: Path) -> None:
    found = checked(folder, "video,mask\na.mp4,a.png\na.mp4,a.png\n")
    assert [offence.row for offence in found.offences] == [2]


def test_a_changed_file_changes_the_state_of_its_row(folder: Path) -> None:
    text = "video,mask\na.mp4,a.png\n"
    before = checked(folder, text).table["state"].tolist()
    assert checked(folder, text).table["state"].tolist() == before
    (folder / "a.png").write_bytes(b"other")
    assert checked(folder, text).table["state"].tolist() != before


def test_of_very_many_offenders_the_rows_are_still_named() -> None:
    offences = [Offence(row, "video", "x", "is not there") for row in range(1, 5001) if row != 4000]
    message = describe_offences("m.csv", 5000, offences)
    assert "4999 of 5000 rows" in message
    assert message.endswith("rows 1001-3999, 4001-5000, video: is not there")
    assert len(message.splitlines()) < 1010


@given(st.text(max_size=200), st.text(max_size=50))
def test_made_ids_are_safe(video: str, mask: str) -> None:
    (name,) = made_ids([""], [video], [mask], [0.0], [1.0])
    assert ID.fullmatch(name)
    assert Path(name).name == name


@pytest.mark.parametrize("name", ["..", ".", "a/b", "a\\b", "", "a\n", "-a", "a" * 129, "ü"])
def test_unsafe_ids(name: str) -> None:
    assert not ID.fullmatch(name)


@pytest.mark.timeout(240)
def test_memory_of_many_rows(folder: Path) -> None:
    rows = 20_000
    lines = "".join(f"clip-{n:06d},a.mp4,a.png\n" for n in range(rows))
    (folder / "list.csv").write_text(f"id,video,mask\n{lines}")
    tracemalloc.start()
    found = check_manifest(read_manifest(str(folder / "list.csv")))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found.table) == rows
    assert peak < rows * 4000


def test_a_distrusted_manifest_names_addresses_alone(folder: Path) -> None:
    text = f"video,mask\nhttps://host/a.mp4,{folder}/a.png\nfile:///etc/passwd,https://host/b.png\n"
    (folder / "list.csv").write_text(text)
    manifest = read_manifest(str(folder / "list.csv"))
    found = check_manifest(manifest, allow_local=False)
    assert [(offence.row, offence.column) for offence in found.offences] == [
        (1, "mask"),
        (2, "video"),
    ]
    assert "say --trust-manifest" in found.offences[0].cause
