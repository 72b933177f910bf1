"""`detections`: arrays that the constructor of `supervision.Detections` takes."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from maskrnn_core.inference.state import TrackState
from maskrnn_core.interface import FrameResult, ObjectResult, detections


@dataclass
class Detections:
    """A stand-in with the fields and the checks of supervision 0.26."""

    xyxy: NDArray[np.float32]
    mask: NDArray[np.bool_] | None = None
    confidence: NDArray[np.float32] | None = None
    class_id: NDArray[np.int64] | None = None
    tracker_id: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        count = len(self.xyxy)
        assert self.xyxy.shape == (count, 4)
        assert self.mask is not None
        assert self.mask.ndim == 3
        assert len(self.mask) == count
        for values in (self.confidence, self.class_id, self.tracker_id):
            assert values is not None
            assert values.shape == (count,)


def result(label_map: NDArray[np.uint8], *ids: int) -> FrameResult:
    """A frame whose boxes and states say nothing about the label map."""
    box = np.zeros(4, np.float32)
    objects = {i: ObjectResult(TrackState.TRACKED, box, i / 10, None) for i in ids}
    return FrameResult(0, label_map, objects)


def test_visible_objects_by_ascending_id() -> None:
    label_map = np.zeros((6, 9), np.uint8)
    label_map[1:4, 2:8] = 3
    label_map[2, 4] = 7
    label_map[5, 8] = 7
    found = Detections(**detections(result(label_map, 2, 3, 7)))
    assert found.mask is not None
    assert found.confidence is not None
    np.testing.assert_array_equal(found.tracker_id, [3, 7])
    np.testing.assert_array_equal(found.class_id, [0, 0])
    np.testing.assert_array_equal(found.xyxy, [[2, 1, 8, 4], [4, 2, 9, 6]])
    np.testing.assert_array_equal(found.mask[0], label_map == 3)
    np.testing.assert_array_equal(found.mask[1], label_map == 7)
    assert found.confidence.tolist() == pytest.approx([0.3, 0.7])


@pytest.mark.parametrize("ids", [(), (4,)])
def test_a_frame_without_visible_objects_gives_empty_arrays(ids: tuple[int, ...]) -> None:
    found = Detections(**detections(result(np.zeros((6, 9), np.uint8), *ids)))
    assert found.mask is not None
    assert found.mask.shape == (0, 6, 9)
    assert found.xyxy.shape == (0, 4)
