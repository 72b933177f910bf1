"""A scene with three objects, for tests of mask files."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from storage.datasets.masks.palette import PALETTE

UInt8Array = NDArray[np.uint8]
SIZE = (60, 108)
COLOURS = np.array(PALETTE, np.uint8)


def scene(shift: int = 0, size: tuple[int, int] = SIZE) -> UInt8Array:
    """Ids 1, 2, 3: two ellipses and a bar, moved to the right by `shift` pixels."""
    rows, columns = np.mgrid[: size[0], : size[1]].astype(float)
    labels = np.zeros(size, np.uint8)
    columns -= shift
    labels[((rows - 20) / 12) ** 2 + ((columns - 24) / 9) ** 2 < 1] = 1
    labels[((rows - 38) / 15) ** 2 + ((columns - 55) / 11) ** 2 < 1] = 2
    labels[(rows > 8) & (rows < 30) & (columns > 78) & (columns < 92)] = 3
    return labels


def indexed(labels: UInt8Array, order: list[int], colours: UInt8Array = COLOURS) -> Image.Image:
    """A palette image in which the colour of label `order[i]` has index i."""
    index_of = np.zeros(256, np.uint8)
    index_of[order] = np.arange(len(order))
    image = Image.fromarray(index_of[labels]).convert("P")
    image.putpalette(colours[order].reshape(-1).tolist())
    return image


def photograph(size: tuple[int, int] = SIZE, seed: int = 0) -> UInt8Array:
    """Noise with a gradient, uint8 (H, W, 3)."""
    noise = np.random.default_rng(seed).integers(0, 120, (*size, 3))
    return (noise + np.linspace(0, 120, size[1])[None, :, None]).astype(np.uint8)
