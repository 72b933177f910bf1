"""Video files of every container, as frames and times."""

import gc
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from maskrnn_core.interface.frames import frames_of
from storage.datasets.images.orientation import orientation_of, oriented
from storage.datasets.video import video_file
from storage.datasets.video.container import opened_container
from storage.datasets.video.video_file import VideoFile
from storage.errors import DatasetError
from storage.machine_limits import Limit

UInt8Array = NDArray[np.uint8]
MakeVideo = Callable[..., Path]
FrameOf = Callable[[int, tuple[int, int]], UInt8Array]


def difference(first: UInt8Array, second: UInt8Array) -> float:
    return float(np.abs(first.astype(int) - second.astype(int)).mean())


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov", "avi", "webm"])
def test_every_container(
    tmp_path: Path, make_video: MakeVideo, frame_of: FrameOf, suffix: str
) -> None:
    video = VideoFile(make_video(tmp_path / f"a.{suffix}"))
    assert video.size == (48, 64)
    assert video.frame_names == tuple(f"{index:05d}" for index in range(6))
    for index in range(6):
        frame = video.frame(index)
        assert difference(frame, frame_of(index, (48, 64))) < 8
    np.testing.assert_allclose(video.times, np.arange(6) / 25, atol=0.002)


def test_any_order_gives_the_same_frames(tmp_path: Path, make_video: MakeVideo) -> None:
    path = make_video(tmp_path / "a.mp4")
    video = VideoFile(path)
    inorder = [video.frame(index) for index in range(6)]
    for index in (4, 4, 1, 5, 0):
        np.testing.assert_array_equal(video.frame(index), inorder[index])
    copied = pickle.loads(pickle.dumps(video))
    np.testing.assert_array_equal(copied.frame(3), inorder[3])
    with pytest.raises(IndexError, match=r"outside 0\.\.5"):
        video.frame(6)


def test_a_variable_rate_keeps_frames_and_times(tmp_path: Path, make_video: MakeVideo) -> None:
    times = [Fraction(milliseconds, 1000) for milliseconds in (0, 40, 500, 520, 2000, 2040)]
    video = VideoFile(make_video(tmp_path / "a.mkv", times=times))
    assert len(video.frame_names) == 6
    np.testing.assert_allclose(video.times, [float(time) for time in times], atol=0.002)


@pytest.mark.parametrize(
    ("size", "pixels", "codec", "tolerance"),
    [
        ((47, 63), "yuv444p", "libx264", 8),
        ((48, 64), "yuv420p10le", "libx264", 8),
        ((31, 45), "bgr0", "ffv1", 0),
    ],
)
def test_odd_sizes_and_ten_bits(
    tmp_path: Path,
    make_video: MakeVideo,
    frame_of: FrameOf,
    size: tuple[int, int],
    pixels: str,
    codec: str,
    tolerance: float,
) -> None:
    video = VideoFile(make_video(tmp_path / "a.mkv", 2, size, codec, pixels))
    assert video.size == size
    assert difference(video.frame(1), frame_of(1, size)) <= tolerance


def turn(path: Path, matrix: tuple[int, int, int, int]) -> None:
    """Write a, b, c, d into the header of an mp4's track."""
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 44
    for position, value in zip((0, 4, 12, 16), matrix, strict=True):
        data[place + position : place + position + 4] = (value << 16).to_bytes(
            4, "big", signed=True
        )
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("matrix", "quarters"),
    [((0, 1, -1, 0), -1), ((-1, 0, 0, -1), 2), ((0, -1, 1, 0), 1), ((1, 0, 0, 1), 0)],
)
def test_rotation_is_honoured(
    tmp_path: Path,
    make_video: MakeVideo,
    matrix: tuple[int, int, int, int],
    quarters: int,
) -> None:
    path = make_video(tmp_path / "a.mp4")
    lying = VideoFile(path).frame(2)
    turn(path, matrix)
    video = VideoFile(path)
    np.testing.assert_array_equal(video.frame(2), np.rot90(lying, quarters))
    assert video.size == video.frame(0).shape[:2]
    from_python = list(frames_of(path))  # the core opens files by itself, without this package
    np.testing.assert_array_equal(from_python[2], video.frame(2))


@pytest.mark.parametrize("matrix", [(-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)])
def test_mirrored_videos_are_read_alike_from_python(
    tmp_path: Path, make_video: MakeVideo, matrix: tuple[int, int, int, int]
) -> None:
    path = make_video(tmp_path / "a.mp4")
    lying = VideoFile(path).frame(2)
    turn(path, matrix)
    expected = oriented(lying, matrix)
    np.testing.assert_array_equal(VideoFile(path).frame(2), expected)
    np.testing.assert_array_equal(list(frames_of(path))[2], expected)


def test_mirrors_and_other_angles() -> None:
    image = np.arange(6, dtype=np.uint8).reshape(2, 3)
    np.testing.assert_array_equal(oriented(image, (-1, 0, 0, 1)), image[:, ::-1])
    np.testing.assert_array_equal(oriented(image, (0, 1, 1, 0)), image.T)
    with pytest.raises(DatasetError, match="quarter turn"):
        orientation_of(np.array([46341, 46341, 0, -46341, 46341], np.int32))


def test_the_digest_is_that_of_the_bytes(tmp_path: Path, make_video: MakeVideo) -> None:
    first = make_video(tmp_path / "a.mp4")
    copy = tmp_path / "b.mp4"
    copy.write_bytes(first.read_bytes())
    assert VideoFile(first).digest() == VideoFile(copy).digest()
    assert VideoFile(make_video(tmp_path / "c.mp4", 7)).digest() != VideoFile(first).digest()


def test_memory_does_not_grow_with_the_length(tmp_path: Path, make_video: MakeVideo) -> None:
    path = make_video(tmp_path / "a.mp4", 300, (360, 480), "mpeg4")
    video, process = VideoFile(path), psutil.Process()
    assert len(video.times) == 300
    gc.disable()  # frames must not wait for the collector of cycles
    try:
        for index in range(20):
            video.frame(index)
        before = process.memory_info().rss
        for index in range(20, 300):
            video.frame(index)
        grown = process.memory_info().rss - before
    finally:
        gc.enable()
    assert grown < 24 << 20, "280 frames of 0.5 MiB each"


def test_decoding_takes_no_more_threads_than_a_container_allows(
    tmp_path: Path, make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = VideoFile(make_video(tmp_path / "a.mp4"))
    threads = []

    @contextmanager
    def watched(*args: Any) -> Iterator[Any]:
        with opened_container(*args) as (container, stream):
            yield container, stream
            threads.append(stream.codec_context.thread_count)

    monkeypatch.setattr(video_file, "opened_container", watched)
    monkeypatch.setattr(video_file, "core_limit", lambda: Limit(0.5, "cpu.max"))
    assert video.frame(5).shape == (48, 64, 3)
    del video
    gc.collect()
    assert max(threads) == 1, "0 belongs to the scan, which decodes nothing"
