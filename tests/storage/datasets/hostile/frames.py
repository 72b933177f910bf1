"""Folders of frames, and the image files in them."""

import io
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from storage.datasets.readers.catalog import open_dataset
from storage.kinds.videos import write_video
from storage.store.artifacts import ArtifactStore
from tests.storage.datasets.hostile.cases import (
    SIZE,
    Case,
    Outcome,
    Use,
    flipped,
    ingest,
    mask_file,
    picture,
)

Fill = Callable[[Path], object]
"""Puts files into a folder that holds the frames 00000.png to 00002.png."""


def encoded(form: str, image: Any = None, **options: Any) -> bytes:
    """An image file."""
    buffer = io.BytesIO()
    (image or picture()).save(buffer, form, **options)
    return buffer.getvalue()


def folder_case(name: str, fill: Fill, outcome: Outcome = "refused", match: str = "") -> Case:
    def make(folder: Path) -> Use:
        frames = folder / "clip"
        frames.mkdir()
        for index in range(3):
            picture(index).save(frames / f"{index:05d}.png")
        fill(frames)
        return ingest(frames, mask_file(folder), folder)

    return Case(name, make, outcome, match)


def frame_case(
    name: str, data: bytes, suffix: str, outcome: Outcome = "refused", match: str = ""
) -> Case:
    """Put the file in place of the second frame."""

    def fill(frames: Path) -> None:
        (frames / "00001.png").unlink()
        (frames / f"00001.{suffix}").write_bytes(data)

    return folder_case(name, fill, outcome, match)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png(
    width: int, height: int, *others: bytes, depth: int = 8, colour: int = 2, rows: bytes = b""
) -> bytes:
    """A PNG file that declares this size, independent of its pixels."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    packed = zlib.compress(rows or bytes(1000))
    chunks = [
        png_chunk(b"IHDR", header),
        *others,
        png_chunk(b"IDAT", packed),
        png_chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def of_modes() -> Iterator[Case]:
    grey = picture().convert("L")
    deep = Image.fromarray(np.full(SIZE, 40_000, np.uint16))
    real = Image.fromarray(np.full(SIZE, 0.5, np.float32))
    more = {"save_all": True, "append_images": [picture(1)]}
    files = {
        "CMYK": ("jpg", encoded("JPEG", picture().convert("CMYK"))),
        "grey JPEG": ("jpg", encoded("JPEG", grey)),
        "progressive JPEG": ("jpg", encoded("JPEG", progressive=True)),
        "grey PNG": ("png", encoded("PNG", grey)),
        "black and white": ("png", encoded("PNG", grey.convert("1"))),
        "16 bits": ("png", encoded("PNG", deep)),
        "palette": ("png", encoded("PNG", picture().convert("P"))),
        "transparency": ("png", encoded("PNG", picture().convert("RGBA"))),
        "an animated PNG": ("png", encoded("PNG", **more)),
        "a packed TIFF": ("tif", encoded("TIFF", compression="tiff_lzw")),
        "a TIFF of 16 bits": ("tif", encoded("TIFF", deep)),
        "BMP": ("bmp", encoded("BMP")),
        "BMP with a palette": ("bmp", encoded("BMP", picture().convert("P"))),
        "a JPEG called PNG": ("png", encoded("JPEG")),
        "a PNG called JPEG": ("jpg", encoded("PNG")),
    }
    for name, (suffix, data) in files.items():
        yield frame_case(f"a frame in {name}", data, suffix, "read")
    pages = encoded("TIFF", **more)
    yield frame_case("a frame in a TIFF of two pages", pages, "tif", match="holds 2 pictures")
    odd = {
        "a TIFF of real numbers": ("tif", encoded("TIFF", real)),
        "a GIF called PNG": ("png", encoded("GIF", **more)),
        "a WebP called PNG": ("png", encoded("WEBP")),
        "a JPEG 2000 called JPEG": ("jpg", encoded("JPEG2000")),
    }
    for name, (suffix, data) in odd.items():
        yield frame_case(f"a frame in {name}", data, suffix, "either")


def fuzzed() -> Iterator[Case]:
    forms = {"png": "PNG", "jpg": "JPEG", "bmp": "BMP", "tif": "TIFF"}
    for suffix, form in forms.items():
        data = encoded(form)
        for seed in range(5):
            changed = flipped(data, seed)
            outcome: Outcome = "refused" if suffix == "png" else "either"
            yield frame_case(f"{suffix} frame with bytes changed, {seed}", changed, suffix, outcome)
        for seed in range(3):
            changed = flipped(data, 50 + seed, 0, 60)
            yield frame_case(
                f"{suffix} frame with a changed header, {seed}", changed, suffix, "either"
            )
        for share in (0.1, 0.5, 0.95):
            cut = data[: int(len(data) * share)]
            yield frame_case(f"{share:.0%} of a {suffix} frame", cut, suffix)
        yield frame_case(f"no bytes of a {suffix} frame", b"", suffix)


def bombs() -> Iterator[Case]:
    big = 50_000
    jpeg = bytearray(encoded("JPEG"))
    place = jpeg.index(b"\xff\xc0")
    jpeg[place + 5 : place + 9] = struct.pack(">HH", 65_500, 65_500)
    bmp = bytearray(encoded("BMP"))
    bmp[18:26] = struct.pack("<ii", big, big)
    upside = bytearray(encoded("BMP"))
    upside[18:26] = struct.pack("<ii", SIZE[1], -(2**31))
    tiff = io.BytesIO()
    Image.new("1", (big, big)).save(tiff, "TIFF", compression="group4")
    text = zlib.compress(bytes(200 << 20), 9)
    profile = png_chunk(b"iCCP", b"p\0\0" + text)
    note = png_chunk(b"zTXt", b"note\0\0" + text)
    whole = encoded("PNG")
    heavy = whole[:33] + note + whole[33:]
    yield frame_case("a PNG of 50000x50000", png(big, big), "png", match="50000|large")
    yield frame_case("a PNG of 2147483647x1", png(2**31 - 1, 1), "png")
    yield frame_case("a PNG of 12000x12000", png(12_000, 12_000), "png", match="12000|large")
    yield frame_case("a PNG of 0x0", png(0, 0), "png")
    yield frame_case("a PNG of no pixels", png(SIZE[1], SIZE[0]), "png", "either")
    yield frame_case("a JPEG of 65500x65500", bytes(jpeg), "jpg", match="65500|large")
    yield frame_case("a BMP of 50000x50000", bytes(bmp), "bmp")
    yield frame_case("a BMP of minus 2147483648 rows", bytes(upside), "bmp")
    yield frame_case("a TIFF of 50000x50000", tiff.getvalue(), "tif", match="50000|large")
    yield frame_case(
        "a profile that unpacks to 200 MB", whole[:33] + profile + whole[33:], "png", "either"
    )
    yield frame_case("a note that unpacks to 200 MB", heavy, "png", "either")


def of_folders() -> Iterator[Case]:
    def rename(old: str, new: str) -> Fill:
        return lambda frames: (frames / old).rename(frames / new)

    def nested(frames: Path) -> None:
        deep = frames.joinpath(*["d"] * 60)
        deep.mkdir(parents=True)
        picture().save(deep / "00003.png")

    def linked(target: str) -> Fill:
        def fill(frames: Path) -> None:
            (frames / "00002.png").unlink()
            (frames / "00002.png").symlink_to(target)

        return fill

    def outside(frames: Path) -> None:
        picture().save(frames.parent / "secret.png")
        linked("../secret.png")(frames)

    def piped(frames: Path) -> None:
        (frames / "00002.png").unlink()
        os.mkfifo(frames / "00002.png")

    def a_folder(frames: Path) -> None:
        (frames / "00002.png").unlink()
        (frames / "00002.png").mkdir()

    def empty(frames: Path) -> None:
        for path in frames.iterdir():
            path.unlink()

    def sparse(frames: Path) -> None:
        with (frames / "00002.png").open("ab") as file:
            file.truncate(1 << 40)

    def undecodable(frames: Path) -> None:
        (frames / "00002.png").rename(frames / "00002\udcff.png")

    yield folder_case("a gap", rename("00001.png", "00007.png"), "read")
    yield folder_case("mixed suffixes", lambda f: picture().save(f / "00003.jpg"), "read")
    yield folder_case(
        "a frame twice", lambda f: picture().save(f / "00001.jpg"), match="second file"
    )
    yield folder_case("suffixes in capitals", rename("00001.png", "00001.PNG"), "read")
    yield folder_case(
        "a frame of another size",
        lambda f: picture().resize((8, 8)).save(f / "00001.png"),
        match="8x8",
    )
    yield folder_case("hidden files", lambda f: (f / ".00003.png").write_bytes(b"x"), "read")
    yield folder_case("files of other kinds", lambda f: (f / "Thumbs.db").write_bytes(b"x"), "read")
    yield folder_case("sixty folders deep", nested, "read")
    yield folder_case("no frame", empty, match="no image files")
    yield folder_case("a link out", outside, match="is a link out of")
    yield folder_case("a link to zeros without end", linked("/dev/zero"), match="is a link out of")
    yield folder_case("a link to itself", linked("00002.png"))
    yield folder_case("a link to nothing", linked("nowhere.png"))
    yield folder_case("a link within", linked("00000.png"), "read")
    yield folder_case("a pipe", piped, match="is not a file")
    yield folder_case("a folder called as a frame", a_folder, match="is not a file")
    yield folder_case("a frame of a terabyte", sparse, match="MiB")
    yield folder_case("a name beyond the alphabet", rename("00002.png", "кадр 🎬.png"), "read")
    yield folder_case("a name with a line break", rename("00002.png", "a\nb.png"), match="name")
    yield folder_case("a name that is no text", undecodable, match="name")
    yield folder_case("a long name", rename("00002.png", "n" * 251 + ".png"), match="name")
    yield folder_case(
        "a number of 250 digits", rename("00002.png", "9" * 250 + ".png"), match="name"
    )


def of_davis() -> Iterator[Case]:
    """The same cases in the layout of a data set that lists its frames, with a mask for each."""

    def davis(change: Fill) -> Callable[[Path], Use]:
        def make(folder: Path) -> Use:
            root = folder / "davis"
            frames, masks = (root / name / "480p" / "v" for name in ("JPEGImages", "Annotations"))
            sets = root / "ImageSets" / "2017"
            for place in (frames, masks, sets):
                place.mkdir(parents=True)
            for index in range(2):
                picture(index).save(frames / f"{index:05d}.jpg")
                mask_file(masks).rename(masks / f"{index:05d}.png")
            (sets / "val.txt").write_text("v\n")
            change(root)
            store = ArtifactStore(str(folder / "store"))
            return lambda: [write_video(store, v, None) for v in open_dataset("davis2017", root)]

        return make

    def replaced(path: str, by: Callable[[Path], object]) -> Fill:
        def change(root: Path) -> None:
            (root / path).unlink()
            by(root / path)

        return change

    frame, mask = "JPEGImages/480p/v/00001.jpg", "Annotations/480p/v/00001.png"
    listing = "ImageSets/2017/val.txt"
    for what, path in {"frame": frame, "mask": mask}.items():
        yield Case(f"davis: a pipe as {what}", davis(replaced(path, os.mkfifo)), match="is not a")
        zeros = replaced(path, lambda p: p.symlink_to("/dev/zero"))
        yield Case(f"davis: zeros without end as {what}", davis(zeros), match="is not a")
        bomb = replaced(path, lambda p: p.write_bytes(png(40_000, 40_000)))
        yield Case(f"davis: a {what} of 40000x40000", davis(bomb), match="40000|large")
        yield Case(f"davis: a {what} of no bytes", davis(replaced(path, lambda p: p.touch())))
        yield Case(f"davis: a folder as {what}", davis(replaced(path, lambda p: p.mkdir())))
    lists = {
        "nothing": b"",
        "a name that leads out": b"../../etc\n",
        "an absolute name": b"/etc/passwd\n",
        "two dots": b"..\n",
        "bytes that are no text": b"\xff\xfe\x00v",
        "a video that is not there": b"w\n",
        "a long name": b"n" * 5000,
        "a NUL": b"v\0w\n",
        "many names": b"".join(b"v%d\n" % number for number in range(5000)),
    }
    for what, data in lists.items():
        yield Case(f"davis: a list of {what}", davis(replaced(listing, partial(_write, data))))


def _write(data: bytes, path: Path) -> None:
    path.write_bytes(data)


CASES = [*of_modes(), *fuzzed(), *bombs(), *of_folders(), *of_davis()]
