"""Frames from every source that Python users have."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageOps

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.interface.frames import frames_of
from maskrnn_core.video import UInt8Array

FRAMES = np.random.default_rng(3).integers(0, 255, (12, 32, 40, 3), dtype=np.uint8)


def write_video(path: Path) -> Path:
    """`FRAMES` without loss."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25, options={})
        assert isinstance(stream, av.VideoStream)
        stream.pix_fmt, stream.height, stream.width = "bgr0", *FRAMES.shape[1:3]
        for picture in FRAMES:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def write_images(folder: Path) -> Path:
    """`FRAMES` as 0.png to 11.png, beside a file that is no image."""
    folder.mkdir()
    (folder / "notes.txt").write_text("no frame")
    for index, picture in enumerate(FRAMES):
        Image.fromarray(picture).save(folder / f"{index}.png")
    return folder


def all_of(source: Any) -> UInt8Array:
    return np.stack(list(frames_of(source)))


def test_a_video_file_and_a_folder_of_images(tmp_path: Path) -> None:
    np.testing.assert_array_equal(all_of(write_video(tmp_path / "walk.mkv")), FRAMES)
    np.testing.assert_array_equal(all_of(str(write_images(tmp_path / "walk"))), FRAMES)


def test_an_open_container_and_its_frames(tmp_path: Path) -> None:
    file = str(write_video(tmp_path / "walk.mkv"))
    with av.open(file) as container:
        np.testing.assert_array_equal(all_of(container), FRAMES)
    with av.open(file) as container:
        np.testing.assert_array_equal(all_of(container.decode(video=0)), FRAMES)


def test_arrays_and_iterators_are_read_one_frame_at_a_time() -> None:
    taken: list[int] = []

    def camera() -> Iterator[UInt8Array]:
        for index, frame in enumerate(FRAMES):
            taken.append(index)
            yield frame

    frames = frames_of(camera())
    np.testing.assert_array_equal(next(frames), FRAMES[0])
    assert taken == [0]
    np.testing.assert_array_equal(all_of(FRAMES), FRAMES)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("suffix", ["tif", "jpg"])
def test_images_are_upright(tmp_path: Path, suffix: str, orientation: int) -> None:
    picture = np.zeros((16, 24, 3), np.uint8)
    picture[8:] = 255
    exif = Image.Exif()
    exif[0x112] = orientation
    Image.fromarray(picture).save(tmp_path / f"0.{suffix}", exif=exif)
    with Image.open(tmp_path / f"0.{suffix}") as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(next(frames_of(tmp_path)), expected)


def test_hidden_files_are_no_frames(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "walk")
    (folder / "._0.png").write_bytes(b"\0\5\x16\7 of macOS")
    np.testing.assert_array_equal(all_of(folder), FRAMES)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (FRAMES[0], r"shape \(32, 40, 3\); give an array \(frames, height, width, 3\)"),
        (FRAMES[..., 0:1], r"a frame is uint8 \(32, 40, 1\); give uint8"),
        (FRAMES / 255, r"a frame is float64 \(32, 40, 3\)"),
        ("not-there.mp4", "not-there.mp4 is not there; correct the path"),
    ],
)
def test_what_is_no_frame_is_refused(source: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        list(frames_of(source))


def test_files_that_are_no_frames_are_named(tmp_path: Path) -> None:
    text, folder = tmp_path / "walk.mp4", tmp_path / "walk"
    text.write_text("no video")
    folder.mkdir()
    with pytest.raises(InvalidInputError, match=r"walk.mp4 cannot be decoded \(.*; give a video"):
        list(frames_of(text))
    with pytest.raises(InvalidInputError, match="walk holds no images"):
        list(frames_of(folder))
    for content in ("no image", ""):
        (folder / "0.png").write_text(content)
        with pytest.raises(InvalidInputError, match=r"0\.png cannot be read as an image"):
            list(frames_of(folder))
