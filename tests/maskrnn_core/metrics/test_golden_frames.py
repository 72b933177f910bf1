"""J and F of every frame against the official codes' numbers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from maskrnn_core.metrics import contour_accuracy, region_similarity
from maskrnn_core.metrics.frame_counts import FrameCounter

LoadMasks = Callable[[Path], NDArray[np.uint8]]
SEQUENCES = ("blackswan", "car-shadow", "libby", "scooter-black")


@pytest.mark.shared
@pytest.mark.parametrize("method", ["wobble", "dropout"])
@pytest.mark.parametrize("sequence", SEQUENCES)
def test_every_frame_exactly(
    golden: Path, expected: dict[str, Any], load_masks: LoadMasks, method: str, sequence: str
) -> None:
    numbers = expected["davis2016"][method]["sequences"][sequence]
    truth = load_masks(golden / "annotations/single" / sequence)
    predicted = load_masks(golden / "predictions" / method / sequence)
    counter = FrameCounter(truth.shape[1:], 1, 1, [(1, 1)])
    for index, frames in enumerate(zip(truth, predicted, strict=True)):
        counts = counter.count(*frames)
        assert [
            counts.intersection[0],
            counts.union[0],
            counts.predicted_boundary[0],
            counts.true_boundary[0],
            counts.predicted_near[0],
            counts.true_near[0],
        ] == numbers["counts"][index]
    masks = truth > 0, predicted > 0
    assert region_similarity(*masks).tolist() == numbers["all_frames"]["J"]
    assert contour_accuracy(*masks).tolist() == numbers["all_frames"]["F"]
