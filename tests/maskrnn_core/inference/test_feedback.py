"""What an object's network sees of it in the next frame, where two objects claim one place."""

import numpy as np
import pytest
import torch
from torch import Tensor

from maskrnn_core.compute import Compute
from maskrnn_core.inference.network_tracker import NetworkTracker
from maskrnn_core.inference.tracker import Tracker
from maskrnn_core.options import InferenceOptions
from tests.maskrnn_core.inference.answers import Answers

SIZE = (32, 48)
FRAME, STILL = np.zeros((*SIZE, 3), np.uint8), np.zeros((*SIZE, 2), np.float32)
CPU = Compute(torch.device("cpu"), bfloat16=False)


def _columns(values: dict[tuple[int, int], float]) -> Tensor:
    """A probability that is the same down each column: by ranges of columns, 0.1 elsewhere."""
    probability = torch.full(SIZE, 0.1)
    for (first, last), value in values.items():
        probability[:, first:last] = value
    return probability


ANSWERS = {
    1: _columns({(4, 16): 0.9, (16, 24): 0.6}),
    2: _columns({(12, 16): 0.7, (16, 32): 0.95, (32, 40): 0.4}),
}
"""Both claim columns 12 to 24: the first wins up to 16, the second from there on."""


def _seen_next(feedback: str, objects: tuple[int, ...] = (1, 2)) -> dict[int, Tensor]:
    """The masks that the networks read in the frame after both objects claimed columns."""
    options = InferenceOptions(feedback=feedback)  # type: ignore[arg-type]
    networks = {object_id: Answers(ANSWERS[object_id]) for object_id in objects}
    trackers = {
        object_id: NetworkTracker(network, options, CPU, warp_mask=True)
        for object_id, network in networks.items()
    }
    tracker = Tracker(trackers, options, CPU.device)
    for object_id in objects:
        tracker.start(object_id, (ANSWERS[object_id] >= 0.5).numpy(), FRAME)
    for _ in range(2):
        label_map = tracker.step(FRAME, STILL, None).label_map
    if objects == (1, 2):
        expected = [0] * 4 + [1] * 12 + [2] * 16 + [0] * 16
        assert label_map[0].tolist() == expected, "fusion is the same for all feedbacks"
    return {object_id: network.masks[-1][0, 0, 0] for object_id, network in networks.items()}


def test_own_probabilities_keep_what_another_object_won() -> None:
    seen = _seen_next("own")
    for object_id, answer in ANSWERS.items():
        torch.testing.assert_close(seen[object_id], answer[0])


def test_exclusive_objects_lose_what_another_object_won() -> None:
    seen = _seen_next("exclusive")
    first, second = ANSWERS[1][0].clone(), ANSWERS[2][0].clone()
    first[16:32] = 0
    second[4:16] = 0
    torch.testing.assert_close(seen[1], first)
    torch.testing.assert_close(seen[2], second)


def test_fused_objects_keep_what_they_won_alone() -> None:
    seen = _seen_next("fused")
    for object_id, won in ((1, slice(4, 16)), (2, slice(16, 32))):
        expected = torch.zeros(SIZE[1])
        expected[won] = ANSWERS[object_id][0, won]
        torch.testing.assert_close(seen[object_id], expected)


@pytest.mark.parametrize("object_id", [1, 2])
def test_one_object_alone_has_nothing_to_give_way_to(object_id: int) -> None:
    seen = [_seen_next(feedback, (object_id,))[object_id] for feedback in ("own", "exclusive")]
    assert torch.equal(*seen)


@pytest.mark.parametrize("feedback", ["own", "exclusive", "fused"])
def test_a_given_mask_takes_its_pixels_from_the_others(feedback: str) -> None:
    options = InferenceOptions(feedback=feedback)  # type: ignore[arg-type]
    networks = {object_id: Answers(_columns({(4, 32): 0.9})) for object_id in (1, 2)}
    trackers = {i: NetworkTracker(n, options, CPU, warp_mask=True) for i, n in networks.items()}
    tracker = Tracker(trackers, options, CPU.device)
    mask = np.zeros(SIZE, bool)
    mask[:, 4:32] = True
    tracker.start(1, mask, FRAME)
    tracker.step(FRAME, STILL, None)
    mask[:, :20] = False
    tracker.start(2, mask, FRAME)
    tracker.step(FRAME, STILL, None)
    read = networks[1].masks[-1][0, 0, 0, 20:32]
    assert (read > 0.5).all() if feedback == "own" else (read == 0).all()
