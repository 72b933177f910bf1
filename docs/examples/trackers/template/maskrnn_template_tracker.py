"""A template of a tracker for MaskRNN: copy this folder, and put your method into `step`."""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

UInt8Array = NDArray[np.uint8]


class PatchTracker:
    """Moves each mask to where the picture under it is found again.

    The arguments of the constructor are the options of the preset (`--set tracker.search=8`). They
    need defaults, and are numbers, texts or truth values. They become part of the key of every
    result.

    Args:
        search: largest motion from frame to frame, in pixels.
    """

    def __init__(self, search: int = 12) -> None:
        if search < 1:
            raise ValueError(f"search={search}: a patch moves by 1 pixel or more")
        self._search = search
        self._frame: UInt8Array | None = None
        self._labels: UInt8Array | None = None

    @property
    def digest(self) -> str:
        """Change it when the same input begins to give another result, or the weights change."""
        return f"patch 1, opencv {cv2.__version__}"

    def step(self, frame: UInt8Array, mask: UInt8Array | None = None) -> UInt8Array:
        """Segment the next frame.

        Args:
            frame: uint8 (H, W, 3), RGB.
            mask: uint8 (H, W) in frames in which objects start: their ids, and 0 elsewhere.

        Returns:
            Label map, uint8 (H, W).
        """
        labels = np.zeros(frame.shape[:2], np.uint8)
        if self._frame is not None and self._labels is not None:
            for object_id in np.unique(self._labels[self._labels > 0]):
                moved = self._moved(self._labels == object_id, self._frame, frame)
                labels[moved & (labels == 0)] = object_id
        if mask is not None:
            labels[np.isin(labels, np.unique(mask[mask > 0]))] = 0
            labels = np.where(mask > 0, mask, labels)
        self._frame, self._labels = frame.copy(), labels
        return labels

    def _moved(self, mask: NDArray[np.bool_], before: UInt8Array, now: UInt8Array) -> Any:
        """The mask (H, W) shifted by the motion of its bounding box."""
        ys, xs = np.nonzero(mask)
        top, bottom, left, right = ys.min(), ys.max() + 1, xs.min(), xs.max() + 1
        reach = self._search
        padded = cv2.copyMakeBorder(now, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
        around = padded[top : bottom + 2 * reach, left : right + 2 * reach]
        patch = np.ascontiguousarray(before[top:bottom, left:right])
        counts = np.repeat(mask[top:bottom, left:right, None].astype(np.uint8), 3, axis=2)
        difference = cv2.matchTemplate(around, patch, cv2.TM_SQDIFF, mask=counts)
        dy, dx = np.unravel_index(int(difference.argmin()), difference.shape)
        shift = np.array([[1, 0, dx - reach], [0, 1, dy - reach]], np.float32)
        size = (mask.shape[1], mask.shape[0])
        return cv2.warpAffine(mask.astype(np.uint8), shift, size, flags=cv2.INTER_NEAREST) > 0

    # The rest may be left out. Without it, a worker that takes over a video from a killed one lets
    # the tracker see the frames of the shot again.

    def state(self) -> Mapping[str, NDArray[Any]]:
        """Everything that the next step depends on."""
        if self._frame is None or self._labels is None:
            return {}
        return {"frame": self._frame, "labels": self._labels}

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on where the state was taken."""
        self._frame, self._labels = state.get("frame"), state.get("labels")
