"""What `maskrnn segment` writes, and what it never replaces."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskrnn_core.synthetic import SyntheticVideo
from storage.datasets.video.video_file import VideoFile
from storage.export.video_files import write_mp4
from tests.command_line import run


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("out", [".", "walk", "walk/results", "link", "notes"])
def test_frames_and_other_files_are_never_replaced(
    out: str,
    drawn: SyntheticVideo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The folder of results holds the frames, lies among them, or has a file in the way."""
    for folder in ("walk", "notes/walk"):
        (tmp_path / folder).mkdir(parents=True)
    for index in range(3):
        Image.fromarray(drawn.frame(index)).save(tmp_path / "walk" / f"IMG_{index:04d}.JPG")
    (tmp_path / "walk" / ".hidden").write_bytes(b"mine")
    (tmp_path / "notes" / "walk" / "notes.txt").write_bytes(b"mine")
    (tmp_path / "link").symlink_to(tmp_path / "walk")
    Image.fromarray(drawn.label_map(0)).save(tmp_path / "first.png")
    before = contents(tmp_path)
    monkeypatch.chdir(tmp_path)
    tokens = ("walk", "--mask", "first.png", "--preset", "first-frame", "--out", out)
    assert run(monkeypatch, "segment", *tokens, "--store", tmp_path / "store") == 2
    assert "Name another folder for the results" in capsys.readouterr().err
    assert contents(tmp_path) == before


def test_the_video_is_never_replaced(
    own_video: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = contents(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path)
    for out in (tmp_path, tmp_path / "link"):
        tokens = (own_video, "--mask", tmp_path / "first.png", "--out", out)
        assert run(monkeypatch, "segment", *tokens, "--store", tmp_path / "store") == 2
        assert "walk.mp4 is, or holds, the source of the results" in capsys.readouterr().err
    (tmp_path / "link").unlink()
    assert contents(tmp_path) == before


@pytest.mark.parametrize("is_folder", [False, True])
def test_results_of_a_link_lie_beside_it_under_its_name(
    is_folder: bool,
    own_video: Path,
    drawn: SyntheticVideo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    target, place = own_video, tmp_path / "place"
    if is_folder:
        target = tmp_path / "frames"
        target.mkdir()
        for index in range(2):
            Image.fromarray(drawn.frame(index)).save(target / f"{index:05d}.png")
    place.mkdir()
    link = place / ("bear" if is_folder else "bear.mp4")
    link.symlink_to(target)
    monkeypatch.chdir(place)
    options = ("--preset", "first-frame", "--store", tmp_path / "store")
    assert run(monkeypatch, "segment", link.name, "--mask", tmp_path / "first.png", *options) == 0
    printed = capsys.readouterr()
    assert "bear: " in printed.err
    assert (place / "bear-masks" / "bear" / "00000.png").is_file()
    assert (place / "bear-masks" / "bear.mp4").is_file()
    assert not list(tmp_path.glob("*-masks"))


def test_a_folder_is_named_by_where_it_is(
    drawn: SyntheticVideo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "walk" / "inside").mkdir(parents=True)
    Image.fromarray(drawn.frame(0)).save(tmp_path / "walk" / "00000.png")
    Image.fromarray(drawn.label_map(0)).save(tmp_path / "first.png")
    options = ("--mask", tmp_path / "first.png", "--preview", "--store", tmp_path / "store")
    for folder, name in (("walk", "."), ("walk/inside", "..")):
        monkeypatch.chdir(tmp_path / folder)
        assert run(monkeypatch, "segment", name, *options) == 0
    assert [path.name for path in tmp_path.glob("*-masks")] == ["walk-masks"]


def test_a_written_video_is_read_again(tmp_path: Path) -> None:
    pictures = [np.full((9, 13, 3), 40 * index, np.uint8) for index in range(4)]
    path = tmp_path / "a.mp4"
    with path.open("wb") as file:
        write_mp4(file, iter(pictures), None)
    video = VideoFile(path)
    assert (video.size, len(video.frame_names)) == ((10, 14), 4)
    np.testing.assert_allclose(video.times, np.arange(4) / 25, atol=0.001)
    assert abs(video.frame(3).astype(int) - 120).max() < 6
    assert [found.name for found in tmp_path.iterdir()] == ["a.mp4"]
