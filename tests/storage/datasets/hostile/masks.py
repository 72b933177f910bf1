"""First masks: images and folders of them."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from tests.storage.datasets.hostile.cases import SIZE, Case, Outcome, Use, clip, flipped, ingest
from tests.storage.datasets.hostile.frames import encoded, png, png_chunk

Put = Callable[[Path], object]


def mask_case(
    what: str, name: str, put: Put, outcome: Outcome = "refused", match: str = ""
) -> Case:
    """A good video, with a hostile mask at `name`."""
    return Case(what, partial(_masked, name, put), outcome, match)


def of_bytes(
    what: str, data: bytes, suffix: str = "png", outcome: Outcome = "refused", match: str = ""
) -> Case:
    return mask_case(what, f"mask.{suffix}", partial(_write, data), outcome, match)


def _masked(name: str, put: Put, folder: Path) -> Use:
    video = folder / "clip.mp4"
    video.write_bytes(clip("mp4"))
    put(folder / name)
    return ingest(video, folder / name, folder)


def _write(data: bytes, path: Path) -> None:
    path.write_bytes(data)


def labels(*values: int) -> "Image.Image":
    """A mask with a stripe of each value."""
    found = np.zeros(SIZE, np.uint8)
    for place, value in enumerate(values):
        found[3 * place + 1 : 3 * place + 3] = value
    return Image.fromarray(found)


def palette(*values: int) -> "Image.Image":
    image = labels(*values)
    image.putpalette([level for index in range(256) for level in (index, 255 - index, 90)])
    return image


def of_modes() -> Iterator[Case]:
    more = {"save_all": True, "append_images": [labels(2)]}
    deep = Image.fromarray(np.full(SIZE, 300, np.uint16))
    white = labels(255)
    read = {
        "a palette": encoded("PNG", palette(1, 2)),
        "objects 1 and 254": encoded("PNG", palette(1, 254)),
        "an object and void": encoded("PNG", palette(1, 255)),
        "black and white": encoded("PNG", white.convert("1")),
        "white with transparency": encoded("PNG", white.convert("RGBA")),
        "white and grey with transparency": encoded("PNG", white.convert("LA")),
        "an animated PNG": encoded("PNG", palette(1), **{**more, "append_images": [palette(2)]}),
        "a transparent palette": encoded("PNG", palette(1), transparency=0),
    }
    for what, data in read.items():
        yield of_bytes(f"a mask with {what}", data, outcome="read")
    either = {
        "an animated GIF": encoded("GIF", palette(1), **{**more, "append_images": [palette(2)]}),
        "WebP": encoded("WEBP", white.convert("RGB"), lossless=True),
    }
    for what, data in either.items():
        yield of_bytes(f"a mask in {what}", data, "gif", "either")
    refused = {
        "16 bits": (encoded("PNG", deep), "mode"),
        "CMYK": (encoded("JPEG", white.convert("CMYK")), "mode"),
        "YCbCr and noise": (encoded("JPEG"), "colour"),
        "real numbers": (encoded("TIFF", Image.fromarray(np.ones(SIZE, np.float32))), "mode"),
        "colours of no palette": (encoded("PNG"), "colour"),
        "grey levels": (encoded("PNG", labels(60, 120, 180, 255)), "soft edges or objects"),
        "nothing in it": (encoded("PNG", palette()), "has no object"),
        "void alone": (encoded("PNG", palette(255).point(lambda v: v)), ""),
        "another size": (encoded("PNG", labels(1).resize((8, 8))), "8x8"),
        "a row more": (encoded("PNG", labels(1).resize((SIZE[1], SIZE[0] + 1))), "32x25"),
        "sides exchanged": (
            encoded("PNG", labels(1).transpose(Image.Transpose.ROTATE_90)),
            "24x32",
        ),
    }
    for what, (data, match) in refused.items():
        outcome: Outcome = "either" if what == "void alone" else "refused"
        yield of_bytes(f"a mask with {what}", data, outcome=outcome, match=match)


def of_damage() -> Iterator[Case]:
    whole = encoded("PNG", palette(1, 2))
    rows = bytes(SIZE[0] * (1 + SIZE[1]))
    width, height = SIZE[1], SIZE[0]
    short = png_chunk(b"PLTE", bytes(3))
    interlaced = bytearray(png(width, height, png_chunk(b"PLTE", bytes(768)), colour=3, rows=rows))
    interlaced[28] = 1
    files = {
        "no palette": png(width, height, colour=3, rows=rows),
        "a palette that is too short": png(width, height, short, colour=3, rows=b"\0\5" * 1000),
        "a palette of 2 bytes": png(
            width, height, png_chunk(b"PLTE", bytes(2)), colour=3, rows=rows
        ),
        "pixels missing": png(width, height, colour=0, rows=rows[:100]),
        "pixels to spare": png(width, height, colour=0, rows=rows * 3),
        "an unknown filter": png(width, height, colour=0, rows=b"\x09" * len(rows)),
        "a depth of 3": png(width, height, depth=3, colour=0, rows=rows),
        "an unknown colour": png(width, height, colour=5, rows=rows),
        "interlacing by a changed byte": bytes(interlaced),
        "no pixels at all": whole[:33] + png_chunk(b"IEND", b""),
        "two headers": whole[:33] + whole[8:33] + whole[33:],
        "a size of 40000x40000": png(40_000, 40_000, colour=0),
        "a size of 2147483647x2147483647": png(2**31 - 1, 2**31 - 1, colour=0),
        "no bytes": b"",
        "a page": b"<html></html>",
        "a JSON text": b"[]",
    }
    for what, data in files.items():
        yield of_bytes(
            f"a mask with {what}",
            data,
            outcome="either" if "spare" in what or "two" in what else "refused",
        )
    for seed in range(8):
        yield of_bytes(f"a mask with bytes changed, {seed}", flipped(whole, seed))
    for share in (0.2, 0.6, 0.95):
        yield of_bytes(f"{share:.0%} of a mask", whole[: int(len(whole) * share)])


def of_places() -> Iterator[Case]:
    def folder_of(count: int, value: int = 255) -> Put:
        def put(place: Path) -> None:
            place.mkdir()
            for number in range(count):
                labels(value).save(place / f"object{number}.png")

        return put

    def with_link(target: str) -> Put:
        def put(place: Path) -> None:
            folder_of(1)(place)
            (place / "z.png").symlink_to(target)

        return put

    def with_pipe(place: Path) -> None:
        folder_of(1)(place)
        os.mkfifo(place / "z.png")

    def nested(depth: int) -> Put:
        def put(place: Path) -> None:
            deep = place.joinpath(*["00000"] * depth)
            deep.mkdir(parents=True)
            labels(255).save(deep / "a.png")

        return put

    def named(name: str) -> Put:
        def put(place: Path) -> None:
            place.mkdir()
            labels(255).save(place / "mask.png")
            (place / "mask.png").rename(place / f"{name}.png")

        return put

    def framed(name: str) -> Put:
        def put(place: Path) -> None:
            (place / name).mkdir(parents=True)
            labels(255).save(place / name / "a.png")

        return put

    def link(target: str, place: Path) -> None:
        place.symlink_to(target)

    yield mask_case("a mask that is not there", "m.png", lambda path: None, match="is not there")
    yield mask_case("a pipe as mask", "m.png", os.mkfifo, match="is not a")
    yield mask_case(
        "zeros without end as mask", "m.png", partial(link, "/dev/zero"), match="is not a"
    )
    yield mask_case("a link to itself as mask", "m.png", partial(link, "m.png"))
    yield mask_case("a pipe as JSON", "m.json", os.mkfifo, match="is not a file")
    yield mask_case(
        "zeros without end as JSON", "m.json", partial(link, "/dev/zero"), match="is not a file"
    )
    yield mask_case("a folder of nothing", "m", Path.mkdir, match="neither images nor folders")
    yield mask_case("254 objects", "m", folder_of(254), "either")
    yield mask_case(
        "300 objects", "m", folder_of(300), match="300 objects, but label maps have at most 254"
    )
    yield mask_case("empty objects", "m", folder_of(3, 0), match="is empty")
    yield mask_case(
        "a link out of the masks", "m", with_link("/etc/hostname"), match="is a link out"
    )
    yield mask_case("a link to itself among the masks", "m", with_link("z.png"))
    yield mask_case("a link to nothing among the masks", "m", with_link("gone.png"))
    yield mask_case("a pipe among the masks", "m", with_pipe, match="is not a")
    yield mask_case("masks one folder deep", "m", nested(1), "read")
    yield mask_case("masks fifty folders deep", "m", nested(50))
    yield mask_case("a frame that is not there", "m", framed("99999"), match="no frame")
    yield mask_case("a frame beyond all numbers", "m", framed("9" * 200), match="no frame")
    yield mask_case("a frame in other digits", "m", framed("٣"), match="no frame")
    for what, name in {
        "a line break": "a\nb",
        "no text": "\udcff",
        "an emoji": "🎬",
        "dots": "..a",
    }.items():
        yield mask_case(f"an object called {what}", "m", named(name), "either")


CASES = [*of_modes(), *of_damage(), *of_places()]
