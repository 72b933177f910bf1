"""Cuts: only the networks and the areas of the objects pass from one shot to the next."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from maskrnn_core.compute import Compute
from maskrnn_core.inference import TrackState, VideoSegmenter
from maskrnn_core.inference.network_tracker import NetworkTracker
from maskrnn_core.inference.tracker import Tracker
from maskrnn_core.options import ComputeOptions, InferenceOptions
from maskrnn_core.presets import preset
from tests.maskrnn_core.inference.answers import Answers

CPU = ComputeOptions(device="cpu", precision="float32", threads=1)
SIZE = (32, 48)


def square(x: int, y: int, value: float = 0.95, side: int = 10) -> Tensor:
    probability = torch.zeros(SIZE)
    probability[y : y + side, x : x + side] = value
    return probability


def follow(network: Answers) -> Tracker:
    """An object of 100 pixels at (4, 4) that was seen once, and then a cut."""
    compute = Compute(torch.device("cpu"), bfloat16=False)
    options = InferenceOptions()
    tracker = Tracker(
        {1: NetworkTracker(network, options, compute, warp_mask=True)}, options, compute.device
    )
    tracker.start(1, (square(4, 4) > 0).numpy(), np.zeros((*SIZE, 3), np.uint8))
    answer, network.probability = network.probability, square(4, 4)
    tracker.step(np.zeros((*SIZE, 3), np.uint8), np.zeros((*SIZE, 2), np.float32), None)
    network.probability = answer
    tracker.cut()
    return tracker


def test_a_network_finds_its_object_anywhere_in_the_next_shot() -> None:
    network = Answers(square(36, 20))
    found, label_map = follow(network).step(np.zeros((*SIZE, 3), np.uint8), None, None)
    assert not network.masks[-1].any()  # nothing was warped
    assert found[1].state is TrackState.TRACKED
    np.testing.assert_array_equal(label_map, square(36, 20) > 0)
    assert found[1].box.tolist() == [36, 20, 46, 30]


@pytest.mark.parametrize("answer", [square(36, 20, 0.6), square(36, 20, side=3)])
def test_what_is_doubtful_or_much_smaller_is_not_the_object(answer: Tensor) -> None:
    network = Answers(answer)
    tracker = follow(network)
    for _ in range(2):
        found, label_map = tracker.step(np.zeros((*SIZE, 3), np.uint8), None, None)
        assert found[1].state is TrackState.LOST
        assert found[1].box.tolist() == [0, 0, 48, 32]
        assert not label_map.any()
    network.probability = square(10, 10)
    found, _ = tracker.step(np.zeros((*SIZE, 3), np.uint8), None, None)
    assert found[1].state is TrackState.TRACKED


@pytest.mark.parametrize("name", ["propagate", "first-frame"])
def test_without_a_network_it_stays_lost_until_it_starts_anew(
    make_video: Callable[..., Any], name: str
) -> None:
    video = make_video(count=7)
    segmenter = VideoSegmenter(
        video, {}, preset(name), CPU, starts={0: [1], 5: [1]}, is_cut=lambda index: index in (2, 6)
    )
    frames = list(segmenter.frames())
    assert [frame.shot for frame in frames] == [0, 0, 1, 1, 1, 1, 2]
    assert [frame.states[0] for frame in frames] == [0, 0, 1, 1, 1, 0, 1]
    assert [bool(frame.label_map.any()) for frame in frames] == [True] * 2 + [False] * 3 + [
        True,
        False,
    ]
    assert not frames[3].boxes.any()
    np.testing.assert_array_equal(frames[5].label_map, video.label_map(5))


def test_the_shot_goes_on_in_another_process(make_video: Callable[..., Any]) -> None:
    video = make_video(count=6)

    def segmenter() -> VideoSegmenter:
        return VideoSegmenter(
            video, {}, preset("propagate"), CPU, is_cut=lambda index: index in (2, 4)
        )

    whole, first = list(segmenter().frames()), segmenter()
    begun = first.frames()
    for _ in range(3):
        next(begun)
    rest = segmenter().frames(3, first.state())
    assert [frame.shot for frame in rest] == [frame.shot for frame in whole[3:]] == [1, 2, 2]


def test_soft_masks_are_the_probabilities(make_video: Callable[..., Any]) -> None:
    video = make_video(count=4, motion=(0, 0))
    video.label_maps[2][26:32, 0:6] = 7
    video.motion = (0.5, 0)  # half of the pixels at the edges
    segmenter = VideoSegmenter(video, {}, preset("propagate"), CPU, keep_soft_masks=True)
    plain = VideoSegmenter(video, {}, preset("propagate"), CPU)
    for frame, bare in zip(segmenter.frames(), plain.frames(), strict=True):
        assert bare.probabilities is None
        np.testing.assert_array_equal(frame.label_map, bare.label_map)
        assert frame.probabilities is not None
        assert frame.probabilities.shape == (2, *SIZE)
        assert bool(frame.probabilities[1].any()) == (frame.index >= 2)
        np.testing.assert_array_equal(frame.probabilities[0] >= 128, frame.label_map == 1)
        soft = frame.probabilities[0]
    assert ((soft > 128) & (soft < 255)).any()
