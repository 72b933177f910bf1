"""Video files."""

import io
import os
import socket
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np

from tests.storage.datasets.conftest import write_video_file
from tests.storage.datasets.hostile.cases import (
    SIZE,
    Case,
    Outcome,
    Use,
    clip,
    flipped,
    ingest,
    mask_file,
    picture,
)

CONTAINERS = ("mp4", "mkv", "webm", "avi", "mov")


def of_bytes(
    name: str, data: bytes, suffix: str, outcome: Outcome = "refused", match: str = ""
) -> Case:
    def make(folder: Path) -> Use:
        video = folder / f"clip.{suffix}"
        video.write_bytes(data)
        return ingest(video, mask_file(folder), folder)

    return Case(name, make, outcome, match)


def fuzzed() -> Iterator[Case]:
    for suffix in CONTAINERS:
        data = clip(suffix)
        for seed in range(6):
            yield of_bytes(
                f"{suffix} with bytes changed, {seed}", flipped(data, seed), suffix, "either"
            )
        for seed in range(4):
            changed = flipped(data, 100 + seed, 0, 300)
            yield of_bytes(f"{suffix} with a changed header, {seed}", changed, suffix, "either")
        half = len(data) // 2
        hole = data[:half] + bytes(200) + data[half + 200 :]
        yield of_bytes(f"{suffix} with a hole", hole, suffix, "either")
        yield of_bytes(f"{suffix} after junk", b"junk" * 64 + data, suffix, "either")
        yield of_bytes(f"{suffix} before junk", data + b"junk" * 64, suffix, "either")
        yield of_bytes(f"{suffix} twice", data + data, suffix, "either")
        yield of_bytes(f"{suffix} without its second half", data[:half], suffix)


def of_other_kinds() -> Iterator[Case]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.mp4", clip("mp4"))
    still, moving = io.BytesIO(), io.BytesIO()
    picture().save(still, "JPEG")
    picture().save(moving, "GIF", save_all=True, append_images=[picture(1)])
    sound = struct.pack(
        "<4sI8sIHHIIHH4sI", b"RIFF", 136, b"WAVEfmt ", 16, 1, 1, 8000, 8000, 1, 8, b"data", 100
    )
    others = {
        "a zip file": archive.getvalue(),
        "a picture": still.getvalue(),
        "an animation": moving.getvalue(),
        "sound": sound + bytes(100),
        "a page": b"<!DOCTYPE html><title>404 Not Found</title>",
        "an answer in XML": b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
        "a play list": b"#EXTM3U\n#EXTINF:2,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
        "a list of files": b"ffconcat version 1.0\nfile '/etc/passwd'\n",
        "a session": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 9 RTP/AVP 96\n",
        "a manifest": b"<MPD><Period><AdaptationSet/></Period></MPD>",
        "a pipe's text": b"pipe:0\n",
        "a script": b"#!/bin/sh\ntouch escaped\n",
        "zeros": bytes(5000),
        "one byte": b"\x00",
        "noise": np.random.default_rng(0).bytes(5000),
    }
    for name, data in others.items():
        yield of_bytes(f"{name} as mp4", data, "mp4")
    for suffix in CONTAINERS:
        yield of_bytes(f"{suffix} of no bytes", b"", suffix, match="empty")
        yield of_bytes(
            f"{suffix} under another name",
            clip(suffix),
            "mp4" if suffix != "mp4" else "avi",
            "read",
        )
        yield of_bytes(f"{suffix} of one frame", clip(suffix, 1), suffix, "read")


def of_sizes() -> Iterator[Case]:
    for width, height in [(65_535, 65_535), (0, 0), (-1, 5), (1, 2**31 - 1), (30_000, 30_000)]:

        def make(folder: Path, width: int = width, height: int = height) -> Use:
            video = write_video_file(folder / "clip.avi", 2, SIZE, "ffv1", "bgr0")
            data = bytearray(video.read_bytes())
            place = data.index(b"strf") + 12
            data[place : place + 8] = struct.pack("<ii", width, height)
            video.write_bytes(data)
            return ingest(video, mask_file(folder), folder)

        yield Case(f"frames of {width}x{height}", make, "refused" if width > 100 else "either")
    for side in (20_000, 60_000):
        yield Case(f"pictures in avi of {side}x{side}", partial(_bomb, side))
    yield Case("another size than the mask", partial(_sized, (48, 64)), match="24")
    yield Case("frames of 2x2", partial(_sized, (2, 2)))
    for shape in [(23, 31), (24, 31)]:
        yield Case(f"odd frames of {shape}", partial(_odd, shape), "read")


def _sized(size: tuple[int, int], folder: Path) -> Use:
    return ingest(write_video_file(folder / "clip.mp4", 2, size), mask_file(folder), folder)


def _odd(size: tuple[int, int], folder: Path) -> Use:
    video = write_video_file(folder / "clip.mkv", 2, size, "ffv1", "bgr0")
    mask = mask_file(folder, np.ones(size, np.uint8))
    return ingest(video, mask, folder)


def _bomb(side: int, folder: Path) -> Use:
    """PNG pictures in a video file, whose headers declare many pixels that pack well."""
    video = write_video_file(folder / "clip.avi", 2, SIZE, "png", "rgb24")
    data = bytearray(video.read_bytes())
    place = data.find(b"IHDR")
    while place >= 0:
        data[place + 4 : place + 12] = struct.pack(">II", side, side)
        data[place + 17 : place + 21] = struct.pack(">I", zlib.crc32(data[place : place + 17]))
        place = data.find(b"IHDR", place + 4)
    video.write_bytes(data)
    return ingest(video, mask_file(folder), folder)


def of_times() -> Iterator[Case]:
    moments = {
        "far in the future": [Fraction(2**31 + i) for i in range(4)],
        "all at once": [Fraction(i, 1000) for i in range(4)],
        "with a gap of a day": [Fraction(0), Fraction(1, 25), Fraction(86_400), Fraction(86_401)],
    }
    for name, times in moments.items():

        def make(folder: Path, times: list[Fraction] = times) -> Use:
            video = write_video_file(folder / "clip.mkv", 4, SIZE, "ffv1", "bgr0", times)
            return ingest(video, mask_file(folder), folder)

        yield Case(f"frames {name}", make, "either")


def without_pictures() -> Iterator[Case]:
    def subtitles(folder: Path) -> Use:
        video = folder / "clip.mkv"
        with av.open(str(video), "w") as container:
            stream = container.add_stream("pcm_s16le", rate=8000)
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
            frame.sample_rate = 8000
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return ingest(video, mask_file(folder), folder)

    yield Case("sound alone in mkv", subtitles, match="no video")

    def empty(folder: Path) -> Use:
        video = folder / "clip.mp4"
        with av.open(str(video), "w") as container:
            stream = container.add_stream("mpeg4", rate=25)
            assert isinstance(stream, av.VideoStream)
            stream.height, stream.width = SIZE
            container.start_encoding()
        return ingest(video, mask_file(folder), folder)

    yield Case("a video of no frames", empty)


def at_places() -> Iterator[Case]:
    places: dict[str, tuple[Callable[[Path], object], str]] = {
        "a pipe": (os.mkfifo, "is not a file"),
        "a socket": (_listen, "is not a file|cannot be read"),
        "a link to itself": (lambda path: path.symlink_to(path), ""),
        "a link to nothing": (lambda path: path.symlink_to("nowhere"), "is not there"),
        "a link to zeros": (lambda path: path.symlink_to("/dev/zero"), "is not a file"),
        "a link to noise": (lambda path: path.symlink_to("/dev/urandom"), "is not a file"),
        "a link to the void": (lambda path: path.symlink_to("/dev/null"), "is not a file"),
        "a folder": (Path.mkdir, "has no image"),
    }
    for what, (put, match) in places.items():
        yield Case(what, partial(_at, put), match=match)


def _at(put: Callable[[Path], object], folder: Path) -> Use:
    video = folder / "clip.mp4"
    put(video)
    return ingest(video, mask_file(folder), folder)


def _listen(path: Path) -> None:
    os.chdir(path.parent)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)


def of_names() -> Iterator[Case]:
    read = {
        "a long name": "n" * 180,
        "a name beyond the alphabet": "видео 動画 🎬",
        "a name with quotes": "a'b\"c;$(touch escaped)",
        "a name that looks like an option": "-y",
        "a name that looks like an address": "concat:a|b",
    }
    for what, name in read.items():
        yield Case(what, partial(_called, name, None), "read")
    refused = {
        "a name that runs right to left": "\u202egpj",
        "a name with a line break": "a\nb",
        "a name that is no text": "a\udcff",
        "a name that is too long": "n" * 240,
    }
    for what, name in refused.items():
        yield Case(what, partial(_called, name, None), match="cannot be the name")
    for name in ("", ".", "..", "../up", "/etc/passwd", "a/b", "a\0b", "n" * 5000):
        named = partial(_called, "clip", name)
        yield Case(f"the name {name[:12]!r}", named, match="cannot be the name")


def _called(file: str, name: str | None, folder: Path) -> Use:
    video = folder / f"{file}.mp4"
    video.write_bytes(clip("mp4"))
    return ingest(video, mask_file(folder), folder, name)


CASES = [
    *fuzzed(),
    *of_other_kinds(),
    *of_sizes(),
    *of_times(),
    *without_pictures(),
    *at_places(),
    *of_names(),
]
