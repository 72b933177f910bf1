"""Frames are what people see: upright, in order, and nothing else besides them."""

import io
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from storage.datasets.images.frame_sequences import ImageFolder
from storage.datasets.images.upright_images import (
    exif_orientation,
    read_upright_frame,
    upright_size,
)
from storage.datasets.readers.clip import open_clip
from storage.datasets.readers.own_video import open_own_video
from storage.datasets.video.ascending_times import ascending_times
from storage.datasets.video.video_file import VideoFile
from storage.errors import DatasetError, MissingDatasetError
from tests.storage.datasets.scenes import SIZE, photograph, scene

MakeVideo = Callable[..., Path]


def turned(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


def write_frames(folder: Path, names: list[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for index, name in enumerate(names):
        Image.fromarray(photograph(seed=index)).save(folder / name)
    return folder


NAMES = [f"{index:05d}.png" for index in range(6)]


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_exif_orientation_is_applied(tmp_path: Path, value: int, suffix: str) -> None:
    path = tmp_path / f"00000.{suffix}"
    Image.fromarray(photograph()).save(path, exif=turned(value), lossless=suffix == "webp")
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    assert upright_size(path) == expected.shape[:2]
    difference = np.abs(read_upright_frame(path).astype(int) - expected)
    assert difference.max() <= (12 if suffix == "jpg" else 0)  # two decoders of JPEG
    assert exif_orientation(path) == exif_orientation(path.read_bytes())


def test_turned_frames_have_a_digest_of_their_own_and_a_remark(tmp_path: Path) -> None:
    for value in (1, 3):
        (tmp_path / str(value)).mkdir()
        for index in range(3):
            path = tmp_path / str(value) / f"{index}.jpg"
            Image.fromarray(photograph(seed=index)).save(path, exif=turned(value))
    upright, upside_down = ImageFolder(tmp_path / "1"), ImageFolder(tmp_path / "3")
    assert upright.remarks == ()
    assert "turned upright, as EXIF asks" in upside_down.remarks[0]
    assert upright.digest() != upside_down.digest()
    difference = upside_down.frame(0).astype(int) - upright.frame(0)[::-1, ::-1]
    assert np.abs(difference).max() <= 30


def test_a_mask_on_the_unturned_picture_is_explained(tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    Image.fromarray(photograph()).save(frames / "0.jpg", exif=turned(6))
    Image.fromarray(scene()).save(tmp_path / "first.png")
    with pytest.raises(
        DatasetError, match=r"108x60, but the video is 60x108\. The frames .* EXIF asks"
    ):
        open_own_video(frames, tmp_path / "first.png").label_map(0)


def test_a_turned_mask_is_turned(tmp_path: Path) -> None:
    frames = write_frames(tmp_path / "frames", NAMES)
    Image.fromarray(scene()[::-1, ::-1].copy()).save(tmp_path / "first.png", exif=turned(3))
    source = open_own_video(frames, tmp_path / "first.png")
    np.testing.assert_array_equal(source.label_map(0), scene())


@pytest.mark.parametrize("name", ["mask.png", "00009.png", "00000_mask.png"])
def test_the_mask_is_no_frame(tmp_path: Path, name: str) -> None:
    frames = write_frames(tmp_path / "frames", NAMES)
    Image.fromarray(scene()).save(frames / name)
    source = open_own_video(frames, frames / name)
    assert source.frame_count == 6
    assert source.remarks()[0].startswith(f"{frames / name} lies among the frames")
    assert source.objects == (1, 2, 3)
    assert open_clip(frames, frames / name, "clip").frame_count == 6


@pytest.mark.parametrize(
    ("others", "named"),
    [
        (["mask.png"], r"mask\.png is not what the other frames"),
        (["00006.bmp"], r"00006\.bmp is not what"),
        (["00002_mask.png"], r"00002_mask\.png is not"),
        (["cover.png", "thumb.png"], r"cover\.png, thumb\.png are not"),
        ([f"{index:05d}_gt.png" for index in range(6)], "00000_gt.png, 00001_gt.png, .* are not"),
    ],
)
def test_the_odd_one_out_is_named(tmp_path: Path, others: list[str], named: str) -> None:
    frames = write_frames(tmp_path / "frames", NAMES)
    for name in others:
        Image.fromarray(scene()).save(frames / name)
    with pytest.raises(DatasetError, match=named):
        _ = ImageFolder(frames).frame_names


@pytest.mark.parametrize(
    "names",
    [
        ["b.png", "a.png", "sunset.png"],
        ["IMG_1.JPG", "img_2.jpeg", "Img_10.jpg"],
        ["1.png", "2.png", "3.png", "4.jpg"],
        ["left_1.png", "left_2.png", "right_1.png", "right_2.png"],
        ["2024-01-01_12-00-01.png", "2024-01-01_12-00-02.png", "2024-01-01_12-00-10.png"],
    ],
)
def test_names_of_ones_own_are_taken(tmp_path: Path, names: list[str]) -> None:
    frames = write_frames(tmp_path / "frames", names)
    assert len(ImageFolder(frames).frame_names) == len(names)


@pytest.mark.parametrize("suffix", ["tif", "webp"])
def test_files_of_several_pictures_are_refused(tmp_path: Path, suffix: str) -> None:
    pages = [Image.fromarray(photograph(seed=index)) for index in range(3)]
    pages[0].save(tmp_path / f"stack.{suffix}", save_all=True, append_images=pages[1:])
    with pytest.raises(DatasetError, match="holds 3 pictures, and one per file is read"):
        _ = ImageFolder(tmp_path).size


def test_webp_frames_are_read_and_truncated_ones_are_not(tmp_path: Path) -> None:
    for index in range(3):
        image = Image.fromarray(photograph(seed=index))
        image.save(tmp_path / f"{index}.webp", lossless=True)
    folder = ImageFolder(tmp_path)
    np.testing.assert_array_equal(folder.frame(1), photograph(seed=1))
    data = (tmp_path / "2.webp").read_bytes()
    (tmp_path / "2.webp").write_bytes(data[: len(data) // 2])
    with pytest.raises(DatasetError, match="is a truncated WebP file"):
        ImageFolder(tmp_path).digest()


def test_a_folder_without_images_says_what_it_holds(tmp_path: Path) -> None:
    for index in range(3):
        (tmp_path / f"{index}.heic").write_bytes(b"x")
    with pytest.raises(MissingDatasetError, match=r"no image files, but 3 \.heic\..* \.webp"):
        _ = ImageFolder(tmp_path).frame_names


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 40).map(lambda tick: tick / 25)), min_size=1),
    st.sampled_from([0.0, 25.0, 30.0]),
)
def test_times_ascend(times: list[float | None], rate: float) -> None:
    found = ascending_times(times, rate)
    assert len(found) == len(times)
    assert all(before < after for before, after in pairwise(found))
    distinct = {time for time in times if time is not None}
    if None not in times:
        assert distinct <= set(found)
        if len(distinct) == len(times):
            assert set(found) == distinct


@given(
    st.lists(st.integers(0, 12).map(lambda time: time / 7), min_size=1, max_size=30),
    st.sampled_from([0.0, 25.0]),
)
def test_frames_of_one_time_share_it_evenly(times: list[float], rate: float) -> None:
    known = sorted(times)
    expected: list[float] = []
    for time in sorted(set(known)):
        count = known.count(time)
        later = [other for other in known if other > time]
        end = later[0] if later else time + count * (1 / (rate or 25.0))
        expected += [time + place * (end - time) / count for place in range(count)]
    assert ascending_times(times, rate) == tuple(expected)


def test_b_frames_in_avi(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"bf": "2", "b-adapt": "0"})
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width, stream.pix_fmt = *SIZE, "yuv420p"
        for index in range(8):
            picture = np.full((*SIZE, 3), 25 * index, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        stored = [frame.time for frame in container.decode(video=0)]
    assert stored != sorted(time for time in stored if time is not None)  # the fault is there
    video = VideoFile(path)
    np.testing.assert_allclose(np.diff(video.times), 1 / 25)
    brightness = [float(video.frame(index).mean()) for index in range(8)]
    assert brightness == sorted(brightness)
    Image.fromarray(scene()).save(tmp_path / "first.png")
    part = open_clip(path, tmp_path / "first.png", "part", 0.06, 0.18)
    assert part.frame_names == ("00002", "00003", "00004")


def test_pixels_that_are_not_square_are_explained(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width, stream.pix_fmt = 60, 80, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(27, 20)
        for index in range(3):
            picture = photograph((60, 80), index)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    Image.fromarray(scene()).save(tmp_path / "first.png")
    words = "27:20: players show it as 108x60, here it is 80x60"
    with pytest.raises(DatasetError, match=words):
        open_own_video(path, tmp_path / "first.png").label_map(0)
    buffer = io.BytesIO()
    Image.fromarray(scene()).resize((80, 60), Image.Resampling.NEAREST).save(buffer, "PNG")
    (tmp_path / "first.png").write_bytes(buffer.getvalue())
    assert words in open_own_video(path, tmp_path / "first.png").remarks()[0]
