"""Decides what white (255) means in label maps that belong together: void, or the only object."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial

import numpy as np

from storage.datasets.masks.label_maps import object_ids
from storage.datasets.masks.object_layers import MapReader
from storage.datasets.source import VOID, UInt8Array


class Values(Enum):
    """What the values of a mask are."""

    IDS = "ids"
    WHITE = "only 0 and 255, read as one object"
    OBJECT = "one object for another reason, such as truth values or soft edges"


@dataclass(frozen=True, eq=False)
class GivenMask:
    """A mask, read on its own.

    Args:
        labels: uint8 (H, W): 0 background, 1..254 objects, 255 void.
        values: what its values are.
    """

    labels: UInt8Array
    values: Values = Values.IDS

    @property
    def names_ids(self) -> bool:
        """Whether it holds an id from 1 to 254."""
        return self.values is Values.IDS and bool(object_ids(self.labels))


def readers_together(masks: Mapping[str, Callable[[], GivenMask]]) -> dict[str, MapReader]:
    """Readers of label maps, by frame name, of masks that belong together.

    A mask with only 0 and 255 shows one object if no mask of them all holds an id. Otherwise its
    255 is void: the objects are out of sight there.
    """
    together = _Together(masks)
    return {name: partial(together.read, name) for name in masks}


class _Together:
    """Masks of one video.

    The masks are read on demand. So the ids are looked for only when a white mask is met, and only
    up to the first mask that holds one, which usually is the first mask of all. Only where all
    masks are black and white must each be read once more: a look at some of them would give another
    answer where an object appears late.
    """

    def __init__(self, masks: Mapping[str, Callable[[], GivenMask]]) -> None:
        self._masks = masks
        self._names_ids: bool | None = None

    def read(self, name: str) -> UInt8Array:
        mask = self._masks[name]()
        if mask.values is Values.WHITE and self._any_names_ids():
            return np.where(mask.labels > 0, VOID, 0).astype(np.uint8)
        return mask.labels

    def _any_names_ids(self) -> bool:
        if self._names_ids is None:
            self._names_ids = any(read().names_ids for read in self._masks.values())
        return self._names_ids
