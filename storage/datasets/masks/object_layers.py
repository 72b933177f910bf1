"""Combines masks of single objects into label maps, and numbers the objects."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from storage.datasets.images.natural_order import natural_key
from storage.datasets.source import UInt8Array
from storage.errors import DatasetError

MOST_OBJECTS = 254

MapReader = Callable[[], UInt8Array]
"""Reads a label map, or a mask of one object."""

Layer = tuple[int, str, MapReader]
"""Object id, place of its mask for messages, and reader of the mask."""


def layered(size: tuple[int, int], layers: Sequence[Layer]) -> UInt8Array:
    """Combine masks into one label map; a pixel in several masks gets the lowest id.

    Raises:
        DatasetError: a mask is empty.
    """
    labels = np.zeros(size, np.uint8)
    for object_id, where, read in sorted(layers, key=lambda layer: layer[0], reverse=True):
        mask = read()
        if not mask.any():
            raise DatasetError(f"{where}: the mask of object {object_id} is empty. Remove it.")
        labels[mask != 0] = object_id
    return labels


def layer_readers(
    size: tuple[int, int], layers: Mapping[str, Sequence[Layer]]
) -> dict[str, MapReader]:
    """Readers of label maps by frame name; frames without masks are left out."""
    return {name: partial(layered, size, found) for name, found in layers.items() if found}


def ids_of_names(names: set[str], place: Path) -> dict[str, int]:
    """Ids of objects by name: numbers from 1 on are the ids; otherwise 1, 2, ... in order.

    Raises:
        DatasetError: there are too many objects.
    """
    check_count(len(names), place)
    ordered = sorted(names, key=natural_key)
    if all(name.isascii() and name.isdecimal() and len(name) < 10 for name in names):
        numbers = {name: int(name) for name in ordered}
        distinct = set(numbers.values())
        if len(distinct) == len(names) and min(distinct) >= 1 and max(distinct) <= MOST_OBJECTS:
            return numbers
    return {name: number for number, name in enumerate(ordered, start=1)}


def check_count(count: int, place: Path) -> None:
    """Refuse more objects than a label map can hold; DatasetError."""
    if count > MOST_OBJECTS:
        raise DatasetError(
            f"{place} has {count} objects, but label maps have at most {MOST_OBJECTS}."
        )
