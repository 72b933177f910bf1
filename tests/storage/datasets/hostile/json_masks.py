"""First masks in JSON files."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.storage.datasets.hostile.cases import SIZE, Case, flipped
from tests.storage.datasets.hostile.masks import mask_case, of_bytes


def of_json() -> Iterator[Case]:
    whole = {"size": list(SIZE), "counts": [100, 50, SIZE[0] * SIZE[1] - 150]}
    box = [[2.0, 2.0, 20.0, 2.0, 20.0, 12.0]]
    pixels = SIZE[0] * SIZE[1]
    circle = np.random.default_rng(0).uniform(0, 24, 200_000).round(2).tolist()
    read: dict[str, Any] = {
        "run lengths": whole,
        "a polygon": box,
        "a polygon far beyond the frame": [[-1e9, -1e9, 1e9, -1e9, 1e9, 1e9]],
        "a polygon of 100,000 points": [circle],
        "the same key twice": None,
    }
    for what, document in read.items():
        text = json.dumps(document) if document else '{"0": [], "0": ' + json.dumps([whole]) + "}"
        yield of_bytes(what, text.encode(), "json", "read")
    yield of_bytes(
        "a mark before the text", b"\xef\xbb\xbf" + json.dumps(box).encode(), "json", "read"
    )
    yield of_bytes("a text of 16 bits", json.dumps(box).encode("utf-16"), "json", "read")
    refused: dict[str, Any] = {
        "runs that overflow": {"size": list(SIZE), "counts": [2**63, 1]},
        "runs beyond all numbers": {"size": list(SIZE), "counts": [2**4000]},
        "runs that add up through a negative one": {"size": list(SIZE), "counts": [pixels + 5, -5]},
        "a million runs": {"size": list(SIZE), "counts": [1] * 1_000_000},
        "runs of a text without end": {"size": list(SIZE), "counts": "o" * 1_000_000},
        "runs of a long text": {"size": list(SIZE), "counts": "1" * 1_000_000},
        "runs that are no numbers": {"size": list(SIZE), "counts": ["1", None]},
        "runs in lists": {"size": list(SIZE), "counts": [[1], [2]]},
        "runs that are fractions": {"size": list(SIZE), "counts": [0.5, pixels - 0.5]},
        "runs that are true": {"size": list(SIZE), "counts": [True, pixels - 1]},
        "no runs": {"size": list(SIZE), "counts": []},
        "a size of nothing": {"size": [0, 0], "counts": []},
        "a size beyond all memory": {"size": [10**9, 10**9], "counts": [10**18]},
        "a size as text": {"size": ["24", "32"], "counts": [pixels]},
        "no size": {"counts": [pixels]},
        "a polygon of huge numbers": [[1e308, 1e308, -1e308, 1e308, 1e308, -1e308]],
        "a polygon of two points": [[1, 1, 5, 5]],
        "a polygon of one place": [[1, 1, 1, 1, 1, 1]],
        "a polygon beyond the frame": [[100, 100, 200, 100, 200, 200]],
        "a polygon with true in it": [[True, 1, 9, 9, 4, 4, None, 2]],
        "a polygon of text": [["a"] * 6],
        "a polygon of numbers beyond all": [[10**400, 1, 2, 2, 3, 3]],
        "300 polygons": [box] * 300,
        "object 0": [{"segmentation": box, "object": 0}],
        "object 300": [{"segmentation": box, "object": 300}],
        "object -1": [{"segmentation": box, "object": -1}],
        "an object of text": [{"segmentation": box, "object": "../../x"}],
        "a frame of text": [{"segmentation": box, "frame": "../../x"}],
        "a frame that is not there": [{"segmentation": box, "frame": 10**30}],
        "frame -1": [{"segmentation": box, "frame": -1}],
        "a frame that is a list": [{"segmentation": box, "frame": [0]}],
        "images without names": {"images": [{"id": 1}], "annotations": []},
        "images that are lists": {"images": [{"id": [1], "file_name": "a"}], "annotations": []},
        "images that are numbers": {"images": 7, "annotations": [{"segmentation": box}]},
        "annotations of nothing": {"annotations": [None]},
        "an image id that is a list": {
            "images": [{"id": 1, "file_name": "0"}, {"id": 2, "file_name": "1"}],
            "annotations": [{"image_id": [1], "segmentation": box}],
        },
        "file names that are numbers": {
            "images": [{"id": 1, "file_name": 5}],
            "annotations": [{"image_id": 1, "segmentation": box}],
        },
        "null": None,
        "a text": "mask",
        "a number": 1e308,
    }
    for what, document in refused.items():
        yield of_bytes(f"JSON: {what}", json.dumps(document).encode(), "json")
    texts = {
        "NaN": b"[[NaN, 1, 2, 2, 3, 3]]",
        "infinity": b"[[Infinity, 1, -Infinity, 2, 3, 3]]",
        "a number that is infinite": b"[[1e999, 1, 2, 2, 3, 3]]",
        "a number of 5000 digits": b"[[" + b"9" * 5000 + b", 1, 2, 2, 3, 3]]",
        "a hundred thousand brackets": b"[" * 100_000,
        "a hundred thousand objects": b'{"a":' * 100_000,
        "nested lists that end": b"[" * 900 + b"]" * 900,
        "half a text": json.dumps(whole).encode()[:20],
        "bytes that are no text": b"\xff\xfe\xfd",
        "a lone surrogate": b'{"\\ud800": [[1,1,5,1,5,5]]}',
        "a NUL": b"[]\x00",
    }
    for what, data in texts.items():
        yield of_bytes(f"JSON: {what}", data, "json")
    good = json.dumps([{"segmentation": whole, "object": 3, "frame": 1}, {"segmentation": box}])
    for seed in range(20):
        yield of_bytes(
            f"JSON with bytes changed, {seed}", flipped(good.encode(), seed), "json", "either"
        )

    def huge(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(1 << 40)

    yield mask_case("JSON of a terabyte", "m.json", huge, match="MiB")


CASES = [*of_json()]
