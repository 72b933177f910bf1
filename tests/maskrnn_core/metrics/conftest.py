"""Shared helpers of the tests of the metrics.

Label maps and expected numbers of the reference material beside the project, and a slow reference
of J and F, written straight from the definitions, for fuzzing the kernels.
"""

import importlib.util
import json
import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

SHARED = Path(__file__).resolve().parents[3].parent / "shared"

LoadMasks = Callable[[Path], NDArray[np.uint8]]
BoolImage = NDArray[np.bool_]
ReferenceCounts = Callable[..., tuple[int, ...]]


def _folder(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"the reference material {name} is not beside the project")
    return folder


@pytest.fixture(scope="session")
def golden() -> Path:
    return _folder("golden/metrics")


@pytest.fixture(scope="session")
def published() -> Path:
    return _folder("data/davis2016-published")


@pytest.fixture(scope="session")
def davis2016(published: Path) -> Path:
    return _folder("data/davis2016/Annotations/480p")


@pytest.fixture(scope="session")
def expected(golden: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((golden / "expected.json").read_text())
    return document


@pytest.fixture(scope="session")
def load_masks() -> LoadMasks:
    """Label maps of a folder as uint8 (T, H, W); each folder is decoded once."""
    known: dict[Path, NDArray[np.uint8]] = {}

    def load(folder: Path) -> NDArray[np.uint8]:
        if folder not in known:
            frames = [np.asarray(Image.open(path)) for path in sorted(folder.glob("*.png"))]
            known[folder] = np.stack(frames).astype(np.uint8)
        return known[folder]

    return load


@pytest.fixture(scope="session")
def reference_stability() -> ModuleType:
    """T in plain Python, kept with the benchmarks."""
    path = Path(__file__).resolve().parents[3] / "benchmarks/metrics_reference_stability.py"
    spec = importlib.util.spec_from_file_location("metrics_reference_stability", path)
    if spec is None or spec.loader is None:
        pytest.skip("the benchmarks are not beside the tests")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def reference_counts() -> ReferenceCounts:
    return _counts


def _counts(true: BoolImage, predicted: BoolImage, tolerance: float = 0.008) -> tuple[int, ...]:
    """Intersection, union, boundary pixels (predicted, true), those near the other boundary."""
    radius = math.ceil(tolerance * math.sqrt(true.shape[0] ** 2 + true.shape[1] ** 2))
    true_boundary, predicted_boundary = _boundary(true), _boundary(predicted)
    return (
        int((true & predicted).sum()),
        int((true | predicted).sum()),
        int(predicted_boundary.sum()),
        int(true_boundary.sum()),
        int((predicted_boundary & _dilated(true_boundary, radius)).sum()),
        int((true_boundary & _dilated(predicted_boundary, radius)).sum()),
    )


def _boundary(mask: BoolImage) -> BoolImage:
    """Pixels that differ from their right, lower or lower-right neighbour inside the frame."""
    height, width = mask.shape
    result = np.zeros_like(mask)
    for y in range(height):
        for x in range(width):
            if y == height - 1:
                neighbours = [(y, x + 1)]
            elif x == width - 1:
                neighbours = [(y + 1, x)]
            else:
                neighbours = [(y, x + 1), (y + 1, x), (y + 1, x + 1)]
            result[y, x] = any(
                b < height and a < width and mask[b, a] != mask[y, x] for b, a in neighbours
            )
    return result


def _dilated(mask: BoolImage, radius: int) -> BoolImage:
    """Pixels with a pixel of the mask at most `radius` away."""
    height, width = mask.shape
    result = np.zeros_like(mask)
    rows, columns = np.mgrid[0:height, 0:width]
    for y, x in zip(*np.nonzero(mask), strict=True):
        result |= (rows - y) ** 2 + (columns - x) ** 2 <= radius**2
    return result
