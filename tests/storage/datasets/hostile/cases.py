"""How cases of hostile or damaged input are made, and their required outcomes."""

import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from storage.datasets.readers.own_video import open_own_video
from storage.kinds.videos import write_video
from storage.store.artifacts import ArtifactStore
from tests.storage.datasets.conftest import write_video_file

SIZE = (24, 32)

Outcome = Literal["refused", "read", "either"]
Use = Callable[[], object]


@dataclass(frozen=True)
class Case:
    """One input.

    Args:
        name: of the case.
        make: writes it into a folder of its own, which has a folder `store` for what is read, and
            returns what uses it.
        outcome: refused with a DatasetError, read, or either of both where chance decides.
        match: what the error says.
    """

    name: str
    make: Callable[[Path], Use]
    outcome: Outcome = "refused"
    match: str = ""


def mask_file(folder: Path, values: "np.typing.NDArray[np.uint8] | None" = None) -> Path:
    """A mask that fits the frames of all cases."""
    path = folder / "mask.png"
    if values is None:
        values = np.zeros(SIZE, np.uint8)
        values[4:12, 6:20] = 1
    Image.fromarray(values).save(path)
    return path


def ingest(video: Path, mask: Path, folder: Path, name: str | None = None) -> Use:
    """Bring a video with its mask into the store of the case."""
    store = ArtifactStore(str(folder / "store"))
    return lambda: write_video(store, open_own_video(video, mask, name), None)


_clips: dict[tuple[str, int], bytes] = {}


def clip(suffix: str, frames: int = 5) -> bytes:
    """A video file; encoded once."""
    if (suffix, frames) not in _clips:
        with tempfile.TemporaryDirectory() as folder:
            path = write_video_file(Path(folder, f"a.{suffix}"), frames, SIZE)
            _clips[suffix, frames] = path.read_bytes()
    return _clips[suffix, frames]


def picture(seed: int = 0) -> "Image.Image":
    """A frame of noise."""
    noise = np.random.default_rng(seed)
    return Image.fromarray(noise.integers(0, 256, (*SIZE, 3), dtype=np.uint8))


def flipped(data: bytes, seed: int, start: int = 0, end: int | None = None) -> bytes:
    """Change up to 12 bytes between start and end."""
    chance = random.Random(seed)
    found = bytearray(data)
    for _ in range(chance.randint(1, 12)):
        found[chance.randrange(start, min(end or len(data), len(data)))] = chance.randrange(256)
    return bytes(found)
