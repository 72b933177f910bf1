"""Files that are no videos, or are damaged: one error each, and nothing in the store."""

import os
import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from storage.datasets.readers.catalog import open_dataset
from storage.datasets.readers.own_video import open_own_video
from storage.datasets.video.container_length import missing_bytes
from storage.errors import DatasetError
from storage.kinds.videos import VIDEOS, write_video
from storage.store.artifacts import ArtifactStore

MakeVideo = Callable[..., Path]


def refused(video: Path, store: ArtifactStore, match: str, mask: Path | None = None) -> None:
    """Check that ingesting the file fails with this message and leaves nothing."""
    mask = mask or video.parent / "first.png"
    if not mask.exists():
        labels = np.zeros((48, 64), np.uint8)
        labels[10:20, 10:20] = 1
        Image.fromarray(labels).save(mask)
    with pytest.raises(DatasetError, match=match):
        write_video(store, open_own_video(video, mask), None)
    assert list(store.keys(VIDEOS)) == []
    assert not [path for path in Path(store.url).rglob("*") if path.is_file()]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov", "avi", "webm"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.99])
def test_truncated(
    tmp_path: Path, make_video: MakeVideo, store: ArtifactStore, suffix: str, share: float
) -> None:
    path = make_video(tmp_path / f"a.{suffix}", 12)
    assert missing_bytes(path) == 0
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    refused(path, store, r"a\.\w+ (is truncated|cannot be decoded)")


def test_truncated_with_the_index_in_front(
    tmp_path: Path, make_video: MakeVideo, store: ArtifactStore
) -> None:
    path = make_video(tmp_path / "a.mp4", 12, options={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[:-100])
    refused(path, store, "its last 100 bytes are missing")


PLAY_LIST = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "is empty"),
        (b"no video at all, " * 50, "cannot be decoded from its beginning"),
        (PLAY_LIST.encode(), "cannot be decoded"),
        (b"ffconcat version 1.0\nfile 'other.mp4'\n", "cannot be decoded"),
        (bytes(4096), "cannot be decoded"),
        (b"RIFF\x10\x00\x00\x00AVI LIST" + bytes(64), "cannot be decoded"),
        (b"\x1aE\xdf\xa3" + b"\xff" * 200, "cannot be decoded"),
        (struct.pack(">I4sQ", 1, b"ftyp", 1 << 62), "truncated"),
    ],
)
def test_contents_that_are_no_video(
    tmp_path: Path, store: ArtifactStore, content: bytes, match: str
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    refused(path, store, match)


def test_a_picture_under_the_name_of_a_video(tmp_path: Path, store: ArtifactStore) -> None:
    path = tmp_path / "a.mp4"
    Image.fromarray(np.zeros((48, 64, 3), np.uint8)).save(path, "PNG")
    refused(path, store, "cannot be decoded")


def test_another_container_than_the_name_tells_is_read(
    tmp_path: Path, make_video: MakeVideo
) -> None:
    path = make_video(tmp_path / "a.mkv").rename(tmp_path / "a.mp4")
    mask = tmp_path / "m.png"
    Image.fromarray(np.ones((48, 64), np.uint8)).save(mask)
    assert open_own_video(path, mask).frame_count == 6


def test_sound_alone(tmp_path: Path, store: ArtifactStore) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    refused(path, store, "has no video")


def test_one_frame(tmp_path: Path, make_video: MakeVideo, store: ArtifactStore) -> None:
    path = make_video(tmp_path / "a.mp4", 1)
    mask = tmp_path / "m.png"
    Image.fromarray(np.ones((48, 64), np.uint8)).save(mask)
    assert store.exists(VIDEOS, write_video(store, open_own_video(path, mask), None))


def test_a_size_that_changes(tmp_path: Path, make_video: MakeVideo, store: ArtifactStore) -> None:
    small = make_video(tmp_path / "s.avi", 3, (48, 64), "mjpeg", "yuvj420p")
    large = make_video(tmp_path / "l.avi", 3, (96, 128), "mjpeg", "yuvj420p")
    path = tmp_path / "a.avi"
    with (
        av.open(str(path), "w") as target,
        av.open(str(small)) as first,
        av.open(str(large)) as then,
    ):
        stream = target.add_stream_from_template(first.streams.video[0])
        packets = [p for source in (first, then) for p in source.demux(video=0) if p.size]
        for index, packet in enumerate(packets):
            packet.stream, packet.pts, packet.dts = stream, index, index
            target.mux(packet)
    refused(path, store, "frame 3 is 128x96, but the first is 64x48")


def test_damaged_frames(tmp_path: Path, make_video: MakeVideo, store: ArtifactStore) -> None:
    path = make_video(tmp_path / "a.mp4", 12)
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 1500
    data[start : start + 400] = b"\xff" * 400
    path.write_bytes(data)
    refused(path, store, r"cannot be decoded|is damaged")


def test_a_huge_declared_size(tmp_path: Path, make_video: MakeVideo, store: ArtifactStore) -> None:
    path = make_video(tmp_path / "a.avi", 2, codec="ffv1", pixels="bgr0")
    data = bytearray(path.read_bytes())
    place = data.index(b"strf") + 12
    data[place : place + 8] = struct.pack("<ii", 60_000, 60_000)
    path.write_bytes(data)
    refused(path, store, "60000x60000|cannot be decoded")


def test_what_is_no_file(tmp_path: Path, store: ArtifactStore) -> None:
    refused(tmp_path / "nowhere.mp4", store, "is not there")
    os.mkfifo(tmp_path / "pipe.mp4")
    refused(tmp_path / "pipe.mp4", store, "is not a file")
    (tmp_path / "zero.mp4").symlink_to("/dev/zero")
    refused(tmp_path / "zero.mp4", store, "is not a file")


@pytest.mark.parametrize("name", ["..", "", "a/b", "../a", "a\nb"])
def test_names_that_leave_the_folder(tmp_path: Path, make_video: MakeVideo, name: str) -> None:
    with pytest.raises(DatasetError, match="cannot be the name of a video"):
        open_own_video(make_video(tmp_path / "a.mp4", 1), tmp_path / "m.png", name)


@pytest.mark.parametrize("what", ["video", "mask"])
def test_links_out_of_the_dataset(
    tmp_path: Path, make_video: MakeVideo, store: ArtifactStore, what: str
) -> None:
    root, outside = tmp_path / "set", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    video, mask = (outside if what == "video" else root), (outside if what == "mask" else root)
    make_video(video / "a.mp4", 2)
    Image.fromarray(np.ones((48, 64), np.uint8)).save(mask / "a.png")
    (root / ("a.mp4" if what == "video" else "a.png")).symlink_to(
        outside / ("a.mp4" if what == "video" else "a.png")
    )
    (source,) = open_dataset("video", root)
    with pytest.raises(DatasetError, match="is a link out of"):
        write_video(store, source, None)
    assert list(store.keys(VIDEOS)) == []
