"""One mask of a JSON file, at the size of the picture on which it was drawn."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from storage.datasets.images.image_files import MOST_PIXELS
from storage.datasets.json_masks.polygons import fill_polygons
from storage.datasets.json_masks.run_lengths import decode_run_lengths
from storage.datasets.source import UInt8Array
from storage.errors import DatasetError


@dataclass(frozen=True)
class JsonMask:
    """One mask of one object in one frame.

    Args:
        where: file and place in it, for messages.
        frame: name or index of its frame; None for the first.
        object_id: id from the file; None if the file has none.
        shape: run lengths or polygons, as in the file.
        identity: what identifies the object if `object_id` is None, such as the number of a track;
            None if nothing does.
        size: height and width of the picture, if the file states them.
        label: name that a person gave to the object; several objects may have the same.
        is_only_picture: whether the file has a single picture. It is the first frame if no frame
            has its name.
    """

    where: str
    frame: str | int | None
    object_id: int | None
    shape: Any
    identity: str | None = None
    size: tuple[int, int] | None = None
    is_only_picture: bool = False
    label: str | None = None

    def read(self, size: tuple[int, int]) -> UInt8Array:
        """The mask as uint8 (H, W) of 0 and 1, scaled to `size` if the proportions are the same.

        Raises:
            DatasetError: the proportions differ, or the mask is neither run lengths nor polygons.
        """
        try:
            return self._read(size)
        except (TypeError, ValueError, OverflowError) as error:
            if isinstance(error, DatasetError):
                raise
            raise DatasetError(f"{self.where}: {error}. Write the mask again.") from error

    def _read(self, size: tuple[int, int]) -> UInt8Array:
        if isinstance(self.shape, np.ndarray):
            return self._scaled(self.shape, size)
        if not isinstance(self.shape, dict):
            drawn = size if self.size is None else self.size
            self._check_proportions(drawn, size)
            factors = (size[1] / drawn[1], size[0] / drawn[0])
            if factors == (1.0, 1.0):
                return fill_polygons(self.shape, size)
            return fill_polygons([_scaled_points(p, factors) for p in self.shape], size)
        declared: Any = self.shape.get("size")
        counts = self.shape.get("counts")
        if not isinstance(counts, str | list):
            raise ValueError("counts are neither a text nor a list")
        if not _is_size(declared):
            raise ValueError(f"size is {declared}, but the frames have {list(size)}")
        return self._scaled(decode_run_lengths(counts, (declared[0], declared[1])), size)

    def _scaled(self, mask: UInt8Array, size: tuple[int, int]) -> UInt8Array:
        drawn = (mask.shape[0], mask.shape[1])
        if drawn == size:
            return mask
        self._check_proportions(drawn, size)
        scaled = cv2.resize(mask, (size[1], size[0]), interpolation=cv2.INTER_NEAREST_EXACT)
        return np.asarray(scaled, dtype=np.uint8)

    def _check_proportions(self, drawn: tuple[int, int], size: tuple[int, int]) -> None:
        """Refuse a picture whose proportions differ from the frame's by more than half a pixel."""
        (height, width), (to_height, to_width) = drawn, size
        if abs(width * to_height - height * to_width) > max(width, to_width) / 2:
            raise DatasetError(
                f"{self.where}: size is {list(drawn)}, but the frames have {list(size)}, which is "
                "another shape. We cannot know whether the picture was stretched or padded. "
                "Export the masks at the video's size."
            )


def _is_size(declared: Any) -> bool:
    return (
        isinstance(declared, list)
        and len(declared) == 2
        and all(type(side) is int and side > 0 for side in declared)
        and declared[0] * declared[1] <= MOST_PIXELS
    )


def _scaled_points(polygon: Any, factors: tuple[float, float]) -> list[float]:
    return [float(value) * factors[place % 2] for place, value in enumerate(polygon)]
