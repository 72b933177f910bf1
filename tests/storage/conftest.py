"""Tiny datasets and videos for the tests of the store."""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from storage.store.artifacts import ArtifactStore

UInt8Array = NDArray[np.uint8]
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


class FakeSource:
    """A `SourceVideo` of noise; object 3 enters in frame 1, odd frames from 3 on lack masks."""

    def __init__(self, size: tuple[int, int] = (12, 18), frames: int = 6, seed: int = 0) -> None:
        self.dataset = "fake"
        self.name = "noise"
        self.size = size
        self.frame_count = frames
        self.frame_names = tuple(f"{index:05d}" for index in range(frames))
        self.objects = (1, 3)
        self.seed = seed
        self.decoded: list[int] = []

    def fingerprint(self) -> str:
        return sha256(f"{self.size} {self.frame_count} {self.seed}".encode()).hexdigest()

    def frame(self, index: int) -> UInt8Array:
        self.decoded.append(index)
        noise = np.random.default_rng([self.seed, index])
        return noise.integers(0, 256, (*self.size, 3), dtype=np.uint8)

    def label_map(self, index: int) -> UInt8Array | None:
        if index >= 3 and index % 2:
            return None
        labels = np.zeros(self.size, np.uint8)
        labels[2:8, 2:8] = 1
        labels[0, 0] = 255
        if index >= 1:
            labels[6:11, 10 : 12 + index] = 3
        return labels


def write_image(path: Path, values: NDArray[Any], mode: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(values)
    if mode == "P":
        image = Image.frombytes("P", image.size, values.tobytes())
        image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0])
    elif mode:
        image = image.convert(mode)
    image.save(path)


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(str(tmp_path / "store"))


@pytest.fixture
def memory_url() -> Iterator[str]:
    name = uuid4().hex
    yield f"memory://{name}/store"
    files = fsspec.filesystem("memory")
    if files.exists(f"/{name}"):
        files.rm(f"/{name}", recursive=True)


@pytest.fixture(params=["local", "memory"])
def any_store(request: pytest.FixtureRequest) -> ArtifactStore:
    if request.param == "local":
        return ArtifactStore(f"{request.getfixturevalue('tmp_path')}/store")
    return ArtifactStore(request.getfixturevalue("memory_url"))


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
def make_source() -> Callable[..., FakeSource]:
    return FakeSource


@pytest.fixture
def save_image() -> Callable[..., None]:
    return write_image


@pytest.fixture
def davis2016(tmp_path: Path) -> Path:
    """Two videos, "ant" (train) and "bee" (val), 4 frames of 16x24, image sets as published."""
    root = tmp_path / "davis2016"
    for seed, (video, split) in enumerate([("ant", "train"), ("bee", "val")]):
        _write_video(root, video, 4, seed, [1], mode=None)
        lines = [
            f"/JPEGImages/480p/{video}/{index:05d}.jpg /Annotations/480p/{video}/{index:05d}.png"
            for index in range(4)
        ]
        _write_lines(root / "ImageSets" / "480p" / f"{split}.txt", lines)
    return root


@pytest.fixture
def davis2017(tmp_path: Path) -> Path:
    """Videos "cat" and "dog" in val, ids 1 and 3 in palette masks, 3 frames of 16x24."""
    root = tmp_path / "davis2017"
    for seed, video in enumerate(["cat", "dog"]):
        _write_video(root, video, 3, seed, [1, 3], mode="P")
    _write_lines(root / "ImageSets" / "2017" / "val.txt", ["cat", "dog"])
    return root


@pytest.fixture
def shared_data() -> Path:
    """Folder of the reference data; without it the test is skipped."""
    if not SHARED.is_dir():
        pytest.skip("no reference data beside the project (shared/data)")
    return SHARED


def _write_video(
    root: Path, video: str, frames: int, seed: int, ids: Sequence[int], mode: str | None
) -> None:
    noise = np.random.default_rng(seed)
    for index in range(frames):
        frame = noise.integers(0, 256, (16, 24, 3), dtype=np.uint8)
        write_image(root / "JPEGImages" / "480p" / video / f"{index:05d}.jpg", frame)
        labels = np.zeros((16, 24), np.uint8)
        for place, label in enumerate(ids):
            labels[4:12, 2 + 8 * place + index : 8 + 8 * place + index] = label
        if mode is None:
            labels *= 255
        write_image(root / "Annotations" / "480p" / video / f"{index:05d}.png", labels, mode)


def _write_lines(path: Path, lines: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
