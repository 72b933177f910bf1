"""Folders for results: nothing is lost that this program did not write."""

import json
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.errors import OccupiedOutputError, StoreAccessError
from storage.files.output_folder import OutputFolder
from storage.files.output_record import RECORD


def put(folder: Path, name: str, *files: tuple[str, bytes]) -> None:
    with OutputFolder(folder).folder(name) as draft:
        for file, data in files:
            (draft / file).write_bytes(data)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, except the list of outputs."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != RECORD]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_own_results_are_replaced_whole(tmp_path: Path) -> None:
    put(tmp_path, "walk", ("0.png", b"a"), ("1.png", b"b"))
    put(tmp_path, "walk", ("0.png", b"c"))
    out = OutputFolder(tmp_path)
    out.write("walk.mp4", b"film")
    out.write("walk.mp4", b"another film")
    assert contents(tmp_path) == {"walk/0.png": b"c", "walk.mp4": b"another film"}
    assert sorted(path.name for path in tmp_path.iterdir()) == [RECORD, "walk", "walk.mp4"]


def test_the_list_names_program_file_size_and_digest(tmp_path: Path) -> None:
    OutputFolder(tmp_path).write("a.csv", b"abc")
    (line,) = (tmp_path / RECORD).read_text().splitlines()
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    files = {"a.csv": {"size": 3, "sha256": digest}}
    assert json.loads(line) == {"program": "maskrnn", "output": "a.csv", "files": files}
    OutputFolder(tmp_path).write("a.csv", b"abc")
    assert len((tmp_path / RECORD).read_text().splitlines()) == 1


def _user_file(folder: Path) -> None:
    (folder / "walk").mkdir()
    (folder / "walk" / "0.jpg").write_bytes(b"mine")


def _hidden_user_file(folder: Path) -> None:
    put(folder, "walk", ("0.png", b"a"))
    (folder / "walk" / ".notes").write_bytes(b"mine")


def _changed(folder: Path) -> None:
    put(folder, "walk", ("0.png", b"a"))
    (folder / "walk" / "0.png").write_bytes(b"z")


def _link_instead_of_file(folder: Path) -> None:
    put(folder, "walk", ("0.png", b"a"))
    (folder / "mine.png").write_bytes(b"a")
    (folder / "walk" / "0.png").unlink()
    (folder / "walk" / "0.png").symlink_to(folder / "mine.png")


def _link_instead_of_folder(folder: Path) -> None:
    (folder / "frames").mkdir()
    (folder / "frames" / "0.jpg").write_bytes(b"mine")
    (folder / "walk").symlink_to(folder / "frames")


def _dangling_link(folder: Path) -> None:
    (folder / "walk").symlink_to(folder / "nowhere")


def _file_instead_of_folder(folder: Path) -> None:
    (folder / "walk").write_bytes(b"mine")


def _user_folder_inside(folder: Path) -> None:
    put(folder, "walk", ("0.png", b"a"))
    (folder / "walk" / "more").mkdir()


def _foreign_list(folder: Path) -> None:
    (folder / RECORD).write_bytes(b"mine")
    (folder / "walk").mkdir()
    (folder / "walk" / "0.png").write_bytes(b"mine")


@pytest.mark.parametrize(
    "prepare",
    [
        _user_file,
        _hidden_user_file,
        _changed,
        _link_instead_of_file,
        _link_instead_of_folder,
        _dangling_link,
        _file_instead_of_folder,
        _user_folder_inside,
        _foreign_list,
    ],
)
def test_somebody_elses_files_stay(prepare: Callable[[Path], None], tmp_path: Path) -> None:
    prepare(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(OccupiedOutputError, match=r"[Nn]ame another folder"):
        OutputFolder(tmp_path).check(folders=["walk"])
    with pytest.raises(OccupiedOutputError):
        put(tmp_path, "walk", ("0.png", b"new"))
    assert contents(tmp_path) == before


def test_a_file_that_came_while_the_result_was_made_stays(tmp_path: Path) -> None:
    out = OutputFolder(tmp_path)
    out.check(files=["walk.mp4"])

    def write_slowly() -> None:
        with out.file("walk.mp4") as file:
            (tmp_path / "walk.mp4").write_bytes(b"mine")
            file.write(b"new")

    with pytest.raises(OccupiedOutputError, match="was not written by this program"):
        write_slowly()
    assert contents(tmp_path) == {"walk.mp4": b"mine"}


def test_a_changed_file_is_the_users(tmp_path: Path) -> None:
    out = OutputFolder(tmp_path)
    out.write("walk.mp4", b"abc")
    (tmp_path / "walk.mp4").write_bytes(b"xyz")
    with pytest.raises(OccupiedOutputError, match="has changed since this program wrote it"):
        out.write("walk.mp4", b"new")
    assert (tmp_path / "walk.mp4").read_bytes() == b"xyz"


def test_what_file_managers_leave_is_kept(tmp_path: Path) -> None:
    put(tmp_path, "walk", ("0.png", b"a"))
    (tmp_path / "walk" / ".DS_Store").write_bytes(b"icons")
    put(tmp_path, "walk", ("0.png", b"b"))
    assert contents(tmp_path) == {"walk/0.png": b"b", "walk/.DS_Store": b"icons"}


def test_sources_are_never_replaced_even_if_this_program_made_them(tmp_path: Path) -> None:
    put(tmp_path, "walk", ("0.png", b"a"))
    out = OutputFolder(tmp_path)
    out.write("walk.mp4", b"film")
    with pytest.raises(OccupiedOutputError, match="source of the results"):
        out.check(files=["walk.mp4"], inputs=[tmp_path / "walk.mp4"])
    with pytest.raises(OccupiedOutputError, match="source of the results"):
        out.check(folders=["walk"], inputs=[tmp_path / "walk" / "0.png"])
    link = tmp_path / "link.mp4"
    link.symlink_to(tmp_path / "walk.mp4")
    with pytest.raises(OccupiedOutputError, match="source of the results"):
        out.check(files=["walk.mp4"], inputs=[link])
    out.check(files=["walk.mp4"], folders=["walk"], inputs=[tmp_path / "clip.mov"])


@pytest.mark.parametrize("below", [".", "results", "a/b"])
def test_results_do_not_go_into_their_source(below: str, tmp_path: Path) -> None:
    source = tmp_path / "frames"
    source.mkdir()
    (tmp_path / "link").symlink_to(source)
    for folder in (source / below, tmp_path / "link" / below):
        with pytest.raises(OccupiedOutputError, match="lies in their source"):
            OutputFolder(folder).check(folders=["walk"], inputs=[source])
    OutputFolder(tmp_path).check(folders=["walk"], inputs=[source])


def test_names_that_differ_in_case_alone(tmp_path: Path) -> None:
    out = OutputFolder(tmp_path)
    with pytest.raises(OccupiedOutputError, match="that ignores case"):
        out.check(folders=["Walk", "walk"])
    with pytest.raises(OccupiedOutputError, match="that ignores case"):
        out.check(files=["caf\u00e9.mp4"], folders=["cafe\u0301.mp4"])


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"mine")
    for folder in ("out", "out/a"):
        with pytest.raises(OccupiedOutputError, match="is a file, where a folder"):
            OutputFolder(tmp_path / folder).check(files=["walk.mp4"])
    with pytest.raises(StoreAccessError, match="Cannot write results to"):
        OutputFolder(tmp_path / "out").write("walk.mp4", b"film")
    assert contents(tmp_path) == {"out": b"mine"}


def test_half_a_line_of_a_killed_writer_hides_no_other(tmp_path: Path) -> None:
    out = OutputFolder(tmp_path)
    out.write("a.csv", b"1")
    with (tmp_path / RECORD).open("ab") as file:
        file.write(b'{"program": "maskrnn", "outp')
    OutputFolder(tmp_path).write("b.csv", b"2")
    OutputFolder(tmp_path).check(files=["a.csv", "b.csv"])


@pytest.mark.parametrize("length", [0, 1, 10, 30, 100])
@pytest.mark.parametrize("later", [b"", b"\n"])
def test_half_a_first_line_does_not_block_the_folder(
    tmp_path: Path, length: int, later: bytes
) -> None:
    out = OutputFolder(tmp_path)
    out.write("a.csv", b"1")
    whole = (tmp_path / RECORD).read_bytes()
    (tmp_path / "a.csv").unlink()
    (tmp_path / RECORD).write_bytes(whole[:length] + later)  # a full disk took the rest
    out = OutputFolder(tmp_path)
    out.check(files=["a.csv"])
    out.write("a.csv", b"2")
    out.write("a.csv", b"3")
    assert contents(tmp_path) == {"a.csv": b"3"}
    OutputFolder(tmp_path).write("a.csv", b"4")


def test_a_line_that_is_written_in_two_parts_is_read(tmp_path: Path) -> None:
    OutputFolder(tmp_path).write("a.csv", b"1")
    whole = (tmp_path / RECORD).read_bytes()
    (tmp_path / RECORD).write_bytes(whole[:40])
    out = OutputFolder(tmp_path)
    with pytest.raises(OccupiedOutputError, match="not written by this program"):
        out.check(files=["a.csv"])
    (tmp_path / RECORD).write_bytes(whole)
    out.check(files=["a.csv"])


def test_a_list_of_somebody_else_is_refused_every_time(tmp_path: Path) -> None:
    (tmp_path / RECORD).write_bytes(b"mine")
    (tmp_path / "a.csv").write_bytes(b"1")
    out = OutputFolder(tmp_path)
    for _ in range(2):
        with pytest.raises(OccupiedOutputError, match="is not the list of results"):
            out.check(files=["a.csv"])


def test_a_result_that_was_recorded_and_never_came_may_be_written(tmp_path: Path) -> None:
    """A process that dies between its record and its file leaves the former result."""
    out = OutputFolder(tmp_path)
    out.write("a.csv", b"old")
    old = (tmp_path / "a.csv").read_bytes()
    out.write("a.csv", b"new")
    (tmp_path / "a.csv").write_bytes(old)
    OutputFolder(tmp_path).write("a.csv", b"newer")
    assert contents(tmp_path) == {"a.csv": b"newer"}


def test_a_folder_of_an_older_version_is_adopted(tmp_path: Path) -> None:
    (tmp_path / "walk").mkdir()
    (tmp_path / "walk" / "0.png").write_bytes(b"a")
    (tmp_path / "summary.md").write_bytes(b"text")
    out = OutputFolder(tmp_path)
    out.adopt()
    out.check(files=["summary.md"], folders=["walk"])
    (tmp_path / "more.md").write_bytes(b"mine")
    out.adopt()
    with pytest.raises(OccupiedOutputError, match="was not written by this program"):
        out.check(files=["more.md"])


def _writer(folder: Path, number: int) -> None:
    for round_ in range(20):
        put(folder, "walk", *((f"{frame}.png", b"%d" % (number + round_)) for frame in range(3)))
        OutputFolder(folder).write(f"{number}.csv", b"%d" % round_)


def test_two_runs_in_one_folder(tmp_path: Path) -> None:
    """Both write the same folder, and a file each, at the same time."""
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_writer, args=(tmp_path, number)) for number in (100, 200)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(50)
    assert [writer.exitcode for writer in writers] == [0, 0]
    found = contents(tmp_path)
    assert {found.pop("100.csv"), found.pop("200.csv")} == {b"19"}
    assert set(found) == {"walk/0.png", "walk/1.png", "walk/2.png"}
    assert len(set(found.values())) == 1
    assert sorted(os.listdir(tmp_path)) == [RECORD, "100.csv", "200.csv", "walk"]  # noqa: PTH208
