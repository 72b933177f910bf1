"""Drafts that killed writers have left."""

import subprocess
import sys
from pathlib import Path

import pytest

from storage.files.drafts import new_draft
from storage.files.processes import process_token


def token_of_another(*, alive: bool) -> "tuple[str, subprocess.Popen[str]]":
    """The token of a process that has ended, or of one that waits for the end of its input."""
    code = "import sys; from storage.files.processes import process_token; print(process_token())"
    if alive:
        code += "; sys.stdout.flush(); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    token = process.stdout.readline().strip()
    if not alive:
        process.communicate()
    return token, process


def test_drafts_of_writers_that_have_ended_are_removed(tmp_path: Path) -> None:
    target = tmp_path / "val-[0]"
    token, _ = token_of_another(alive=False)
    folder, former, file = (
        tmp_path / f".val-[0].{token}.{end}" for end in ("aa", "aa.former", "bb")
    )
    for left in (folder, former):
        left.mkdir()
        (left / "00000.png").write_bytes(b"half")
    file.write_bytes(b"half")
    other = tmp_path / f".val-[0]-b.{token}.aa"
    other.mkdir()
    draft = new_draft(target)
    assert list(tmp_path.iterdir()) == [other]
    assert draft.parent == tmp_path
    assert draft.name.startswith(f".val-[0].{process_token()}.")
    assert new_draft(target) != draft


def test_what_may_still_be_written_stays(tmp_path: Path) -> None:
    token, process = token_of_another(alive=True)
    elsewhere = "0" * 12 + token[token.index("-") :]
    drafts = [
        tmp_path / f".film.{name}"
        for name in (f"{token}.aa", f"{elsewhere}.aa", f"{process_token()}.aa", "png", "no-pid.aa")
    ]
    for draft in drafts:
        draft.mkdir()
    new_draft(tmp_path / "film")
    assert sorted(tmp_path.iterdir()) == sorted(drafts)
    process.communicate("")
    new_draft(tmp_path / "film")
    assert sorted(tmp_path.iterdir()) == sorted(drafts[1:])


@pytest.mark.parametrize("name", ["film", "film.json"])
def test_a_folder_that_is_not_there_has_no_drafts(tmp_path: Path, name: str) -> None:
    assert new_draft(tmp_path / "new" / name).parent == tmp_path / "new"
    assert not (tmp_path / "new").exists()
