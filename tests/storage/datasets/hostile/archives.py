"""Hostile zip files of predictions, and hostile lists of data sets."""

import io
import json
import struct
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from storage.datasets.readers.catalog import dataset_notes, open_dataset
from storage.prediction_sets import ReadOptions, open_predictions
from tests.storage.datasets.hostile.cases import Case, Outcome, Use, flipped
from tests.storage.datasets.hostile.frames import encoded, png
from tests.storage.datasets.hostile.masks import palette

NAMES = ["00000", "00001"]


def zipped(
    members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, link: str | None = None
) -> bytes:
    """A zip file; `link` is a member that is marked as a symbolic link."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            if name == link:
                info.external_attr = 0o120777 << 16
            file.writestr(info, data)
    return buffer.getvalue()


def zip_case(what: str, data: bytes, outcome: Outcome = "refused", match: str = "") -> Case:
    return Case(f"zip: {what}", partial(_predictions, data), outcome, match)


def _predictions(data: bytes, folder: Path) -> Use:
    path = folder / "made.zip"
    path.write_bytes(data)

    def use() -> None:
        found = open_predictions(path)
        for frame in found.frames("v", NAMES) or ():
            found.label_map("v", frame, ReadOptions())

    return use


def zips() -> Iterator[Case]:
    mask = encoded("PNG", palette(1))
    good = zipped({"v/00000.png": mask, "v/00001.png": mask})
    yield zip_case("two masks", good, "read")
    for name in ("../v/0.png", "/v/0.png", "v/../../x/0.png", "C:\\v\\0.png", "..\\v\\0.png"):
        yield zip_case(f"a member {name}", zipped({"v/1.png": mask, name: mask}), match="leads out")
    yield zip_case("a member with a NUL", zipped({"v/1.png": mask, "v/a\0b.png": mask}), "either")
    yield zip_case("a long name", zipped({"v/" + "n" * 60_000 + ".png": mask}), "either")
    yield zip_case("a thousand folders", zipped({"d/" * 1000 + "v/00000.png": mask}), "either")
    yield zip_case("a link", zipped({"v/00000.png": b"/etc/passwd"}, link="v/00000.png"))
    heavy = bytearray(zipped({"v/00000.png": bytes(64 << 20)}))
    yield zip_case("64 MB of zeros in a few bytes", bytes(heavy))
    lying = bytearray(good)
    place = lying.rindex(b"PK\1\2")
    lying[place + 24 : place + 28] = struct.pack("<I", 2**32 - 2)
    yield zip_case("a member of 4 GB", bytes(lying), match="unpacks to")
    small = bytearray(zipped({"v/00000.png": bytes(64 << 20)}))
    place = small.rindex(b"PK\1\2")
    small[place + 24 : place + 28] = struct.pack("<I", 100)
    yield zip_case("a member that is longer than it says", bytes(small))
    locked = bytearray(good)
    for mark, offset in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        start = locked.index(mark)
        locked[start + offset] |= 1
    yield zip_case("an encrypted member", bytes(locked), match="encrypted")
    strange = bytearray(good)
    strange[strange.rindex(b"PK\1\2") + 10] = 97
    yield zip_case("an unknown packing", bytes(strange), "either")
    inner = zipped({"v/00000.png": good})
    yield zip_case("a zip file in it", inner)
    yield zip_case("a mask of 40000x40000", zipped({"v/00000.png": png(40_000, 40_000, colour=0)}))
    yield zip_case(
        "a mask of 2147483647 rows", zipped({"v/00000.png": png(1, 2**31 - 1, colour=0)})
    )
    yield zip_case(
        "a mask of 16 bits and 30000x30000",
        zipped({"v/00000.png": png(30_000, 30_000, depth=16, colour=0)}),
    )
    yield zip_case("no member", zipped({}), "either")
    yield zip_case("no bytes", b"")
    yield zip_case("a page", b"<html></html>")
    yield zip_case("half of it", good[: len(good) // 2])
    yield zip_case("junk before it", b"junk" * 100 + good, "either")
    for seed in range(12):
        yield zip_case(f"bytes changed, {seed}", flipped(good, seed), "either")


def notes_case(what: str, text: bytes, outcome: Outcome = "refused") -> Case:
    def make(folder: Path) -> Use:
        (folder / "db_info.yml").write_bytes(text)
        return lambda: dataset_notes("davis2017", folder)

    return Case(f"db_info: {what}", make, outcome)


def notes() -> Iterator[Case]:
    laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
    )
    listed = laughs + "sequences: [{name: v, attributes: *a11}]\n"
    yield notes_case("a billion laughs", listed.encode())
    yield notes_case("a name that is a list", b"sequences: [{name: [[v]]}]\n")
    yield notes_case("a list within itself", b"sequences: &a [*a]\n")
    yield notes_case("code", b"sequences: !!python/object/apply:os.system ['touch escaped']\n")
    yield notes_case("brackets", b"[" * 5000)
    yield notes_case("bytes that are no text", b"\xff\xfe\xfd\x00")
    yield notes_case("nothing", b"")
    yield notes_case("a sequence", b"sequences: [{name: v, attributes: [OCC]}]\n", "read")


def meta() -> Iterator[Case]:
    good = {"videos": {"v": {"objects": {"1": {"category": "x", "frames": ["00000"]}}}}}
    documents = {
        "a name that leads out": {"videos": {"../../x": {"objects": {}}}},
        "an empty name": {"videos": {"": {"objects": {}}}},
        "a long name": {"videos": {"n" * 5000: {"objects": {}}}},
        "no videos": {"videos": {}},
        "a list": [1, 2],
        "videos in a list": {"videos": ["v"]},
        "no objects": {"videos": {"v": {}}},
        "objects in a list": {"videos": {"v": {"objects": [1]}}},
        "objects of text": {"videos": {"v": {"objects": "1"}}},
        "frames of numbers": {"videos": {"v": {"objects": {"1": {"frames": 7}}}}},
        "frames of nothing": {"videos": {"v": {"objects": {"1": {"frames": [None]}}}}},
    }
    texts = {what: json.dumps(document).encode() for what, document in documents.items()}
    texts |= {"brackets": b"[" * 100_000, "nothing": b"", "half": json.dumps(good).encode()[:30]}
    for what, text in texts.items():
        yield Case(f"meta.json: {what}", partial(_youtube, text))


def _youtube(text: bytes, folder: Path) -> Use:
    for name in ("JPEGImages", "Annotations"):
        (folder / name / "v").mkdir(parents=True)
    (folder / "JPEGImages" / "v" / "00000.jpg").write_bytes(encoded("JPEG"))
    (folder / "Annotations" / "v" / "00000.png").write_bytes(encoded("PNG", palette(1)))
    (folder / "meta.json").write_bytes(text)
    return lambda: [video.fingerprint() for video in open_dataset("youtube-vos", folder)]


CASES = [*zips(), *notes(), *meta()]
