"""Masks in files of NumPy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage.datasets.masks.given_masks import open_masks
from storage.errors import DatasetError
from tests.storage.datasets.masks.walk_masks import FRAMES, maps
from tests.storage.datasets.scenes import SIZE, UInt8Array, scene


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (scene(), scene()),
        (scene().astype(np.int64), scene()),
        (np.asfortranarray(scene().astype(np.float32)), scene()),
        (scene() == 2, (scene() == 2).astype(np.uint8)),
        ((scene() == 2) * np.uint8(255), (scene() == 2).astype(np.uint8)),
        (np.stack([scene() == k for k in (1, 2, 3)]), scene()),
        (np.stack([scene() == k for k in (1, 2, 3)])[:, None].astype(np.float32), scene()),
        (np.stack([scene(index) for index in range(8)]), scene()),
    ],
)
@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_arrays(tmp_path: Path, array: Any, expected: UInt8Array, suffix: str) -> None:
    path = tmp_path / f"first.{suffix}"
    if suffix == "npy":
        np.save(path, array)
    else:
        np.savez_compressed(path, masks=array)
    found = maps(path)
    np.testing.assert_array_equal(found["00000"], expected)
    assert len(found) == (8 if array.ndim == 3 and len(array) == 8 else 1)


def test_arrays_by_frame(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {"00001": scene(1), "frame_000004": scene(4)}
    np.savez(tmp_path / "masks.npz", **arrays)
    found = maps(tmp_path / "masks.npz")
    assert list(found) == ["00001", "00004"]
    np.testing.assert_array_equal(found["00004"], scene(4))


@pytest.mark.parametrize(
    ("name", "frame"),
    [("00003", "00003"), ("arr_0", "00000"), ("mask", "00000"), ("3", "00000")],
)
def test_a_single_array_belongs_to_the_frame_that_it_names(
    tmp_path: Path, name: str, frame: str
) -> None:
    arrays: dict[str, Any] = {name: scene(3)}
    np.savez(tmp_path / "masks.npz", **arrays)
    assert list(maps(tmp_path / "masks.npz")) == [frame]


def test_void_among_ids_stays_void(tmp_path: Path) -> None:
    void = np.where(scene() > 0, 255, 0).astype(np.uint8)
    np.save(tmp_path / "a.npy", np.stack([scene(), void] * 4))
    np.savez(tmp_path / "a.npz", **{"00000": scene(), "00001": void})  # type: ignore[arg-type]
    for name in ("a.npy", "a.npz"):
        np.testing.assert_array_equal(maps(tmp_path / name)["00001"], void)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (scene() * 0.5, "holds fractions"),
        (scene().astype(int) - 1, "values from -1 to 2"),
        (scene().astype(int) * 300, "values from 0 to 900"),
        (scene()[:-1], "has the shape"),
        (np.stack([scene() == 1] * 8), "frames or objects"),
        (np.stack([scene()] * 5), "unclear how they belong to the 8 frames"),
        (np.array([{"a": 1}], dtype=object), "not numbers"),
        (np.zeros((2, 3, 4, 5, 6)), "has the shape"),
        (np.zeros(7), "has the shape"),
        (np.zeros((0, *SIZE), bool), "."),
    ],
)
def test_arrays_that_cannot_be_used(tmp_path: Path, array: Any, words: str) -> None:
    np.save(tmp_path / "first.npy", array, allow_pickle=True)
    with pytest.raises(DatasetError, match=words):
        _ = open_masks(tmp_path / "first.npy", FRAMES).objects


def test_an_array_that_declares_more_than_it_holds(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", scene())
    data = (tmp_path / "a.npy").read_bytes().replace(b"(60, 108)", b"(6000000, 1080000)"[:9])
    for content in (data[:-9], data[:40], b"\x93NUMPY", data.replace(b"60, 108", b"99, 999")):
        (tmp_path / "a.npy").write_bytes(content)
        with pytest.raises(DatasetError, match=r"a\.npy"):
            maps(tmp_path / "a.npy")
