"""Mask files of predictions by frame: one label map, or one mask per object."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from storage.datasets.masks.label_maps import binary_mask_of
from storage.datasets.source import UInt8Array
from storage.errors import DatasetError
from storage.prediction_sets.source import ReadOptions

MOST_OBJECTS = 254

Read = Callable[[str], tuple[bytes, str]]
"""The bytes of a file, and its name for messages."""


@dataclass(frozen=True)
class FramePaths:
    """Files of the frames of one video.

    Args:
        maps: by frame, the file of its label map.
        layers: by frame, the files of its objects by id, where each object has files of its own.
    """

    maps: Mapping[str, str]
    layers: Mapping[str, Mapping[int, str]]

    def frames(self) -> list[str]:
        """Names of the frames, sorted."""
        return sorted(self.maps or self.layers)

    def label_map(self, frame: str, read: Read, options: ReadOptions) -> UInt8Array:
        """Label map as uint8 (H, W); a pixel in several masks belongs to the lowest id.

        Raises:
            DatasetError: for a damaged file, or masks of a frame that differ in size.
        """
        if frame in self.maps:
            return options.decode(*read(self.maps[frame]))
        labels: UInt8Array | None = None
        for object_id, path in sorted(self.layers[frame].items(), reverse=True):
            data, name = read(path)
            mask = binary_mask_of(data, name)
            if labels is None:
                labels = np.zeros(mask.shape, np.uint8)
            if labels.shape != mask.shape:
                raise DatasetError(f"{name} has another size than the frame's other masks.")
            labels[mask != 0] = 1 if options.binary else object_id
        assert labels is not None, "a frame is listed for a file of it"
        return labels


def object_id_of(name: str) -> int | None:
    """The id that the name of an object's folder means; None for other names."""
    if name.isascii() and name.isdecimal() and len(name) < 10 and 1 <= int(name) <= MOST_OBJECTS:
        return int(name)
    return None
