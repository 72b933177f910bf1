"""Files that are neither masks nor videos are refused with the right cure."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from storage.datasets.images.file_kinds import kind_of
from storage.datasets.video.video_file import VideoFile
from storage.errors import DatasetError
from tests.storage.datasets.masks.walk_masks import maps
from tests.storage.datasets.scenes import indexed, photograph, scene

MakeVideo = Callable[..., Path]


def packed() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("SegmentationObject/00000.png", b"x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("masks.zip", packed(), "is a zip archive, not a mask. Unpack it"),
        ("first.png", packed(), "is a zip archive"),
        ("a.xml", b'<?xml version="1.0"?><annotations/>', "an XML file, .* 'COCO 1.0'"),
        ("mask.mp4", b"\0\0\0\x18ftypisom", "MP4 or MOV video, .* cannot hold object ids"),
        ("mask.gif", b"GIF89a", "is a GIF, not a mask. Save the mask as a PNG"),
        ("masks.txt", b'{"0": []}', "a JSON text, .* Give its name the ending .json"),
        ("mask", b"\x93NUMPY\1\0", "a NumPy array, .* the ending .npy"),
        ("mask.txt", b"0 0.1 0.2 0.3 0.4", "is not a known kind of image. Masks are read from"),
        ("mask.psd", b"8BPS", "a Photoshop file, .* Save the mask as a PNG"),
        ("mask.png", b"version https://git-lfs.github.com/spec/v1", "a Git LFS pointer"),
    ],
)
def test_files_that_are_no_masks(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DatasetError, match=words) as caught:
        maps(tmp_path / name)
    assert "archive" not in str(caught.value).replace("zip archive", "")


def test_damaged_masks_are_not_to_be_restored_from_a_data_set(tmp_path: Path) -> None:
    indexed(scene(), [0, 1, 2, 3]).save(tmp_path / "first.png")
    data = (tmp_path / "first.png").read_bytes()
    for content in (data[:60], data[:-20], b"no image", b""):
        (tmp_path / "first.png").write_bytes(content)
        with pytest.raises(DatasetError, match="Save it again as a PNG"):
            maps(tmp_path / "first.png")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("clip.ts", r"an MPEG transport stream, .* ffmpeg -i clip\.mp4 -c copy clip-copy\.mp4"),
        ("clip.gif", r"it is a GIF, .* Convert it: ffmpeg -i clip\.mp4 clip\.mp4"),
        ("clip.flv", "it is a Flash video, .* -c copy"),
        ("stack.tif", "it is a TIFF image, .* Give the folder of the frames"),
        ("clips.zip", "it is a zip archive, .* Unpack it"),
        ("page.html", "it is an HTML page, .* Give the video itself"),
    ],
)
def test_files_that_are_no_videos_of_a_read_kind(
    tmp_path: Path, make_video: MakeVideo, name: str, words: str
) -> None:
    made, path = tmp_path / name, tmp_path / "clip.mp4"
    if name == "stack.tif":
        Image.fromarray(photograph()).save(made)
    elif name == "clip.gif":
        pages = [Image.fromarray(photograph(seed=index)) for index in range(3)]
        pages[0].save(made, save_all=True, append_images=pages[1:])
    elif name == "clips.zip":
        made.write_bytes(packed())
    elif name == "page.html":
        made.write_text("<!DOCTYPE html><html></html>")
    else:
        make_video(made, codec="libx264" if name == "clip.ts" else "flv1")
    made.rename(path)
    with pytest.raises(DatasetError, match=words):
        _ = VideoFile(path).size


def test_kinds_of_files() -> None:
    assert kind_of(b"") is None
    assert kind_of(b"whatever") is None
    image = kind_of(b"\x89PNG\r\n\x1a\n")
    assert image is not None
    assert image.group == "image"
    for size, offset in ((188, 0), (192, 4)):
        packet = (b"\0" * offset + b"\x47").ljust(size, b"\0")
        stream = kind_of(packet * 2)
        assert stream is not None
        assert stream.name == "an MPEG transport stream"
