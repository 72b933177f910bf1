"""Results as arrays per object, as the package `supervision` takes them."""

from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.interface.results import FrameResult


class DetectionArrays(TypedDict):
    """The n objects that are visible in a frame, by ascending id."""

    xyxy: NDArray[np.float32]
    """(n, 4) x0, y0, x1, y1 around each mask, in pixels, half open."""
    mask: NDArray[np.bool_]
    """(n, H, W)."""
    confidence: NDArray[np.float32]
    """(n,) from 0 to 1."""
    class_id: NDArray[np.int64]
    """(n,) zeros: MaskRNN knows no classes."""
    tracker_id: NDArray[np.int64]
    """(n,) ids of the objects."""


def detections(result: FrameResult) -> DetectionArrays:
    """The visible objects of a frame: `supervision.Detections(**detections(result))`.

    Objects without a pixel in the label map are left out.
    """
    height, width = result.label_map.shape
    ids = [object_id for object_id in result.objects if (result.label_map == object_id).any()]
    tracker_id = np.array(ids, np.int64)
    mask = result.label_map == tracker_id[:, None, None]
    rows, columns = mask.any(axis=2), mask.any(axis=1)
    edges = [
        columns.argmax(axis=1),
        rows.argmax(axis=1),
        width - columns[:, ::-1].argmax(axis=1),
        height - rows[:, ::-1].argmax(axis=1),
    ]
    return DetectionArrays(
        xyxy=np.stack(edges, axis=1).astype(np.float32),
        mask=mask,
        confidence=np.array([result.objects[i].confidence for i in ids], np.float32),
        class_id=np.zeros(len(ids), np.int64),
        tracker_id=tracker_id,
    )
