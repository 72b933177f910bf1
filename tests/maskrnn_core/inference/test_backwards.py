"""Frames before a given mask: which are followed backwards from it, and what comes out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.inference import TrackState, VideoSegmenter
from maskrnn_core.inference.backwards import backward_ranges
from maskrnn_core.networks import build_network, weights_of
from maskrnn_core.options import ComputeOptions, InferenceOptions, NetworkOptions, Preset
from maskrnn_core.presets import preset

CPU = ComputeOptions(device="cpu", precision="float32", threads=1)
NETWORK = NetworkOptions(width=0.125, norm="group", fc_width=16)
BACKWARDS = InferenceOptions(backwards=True)
PROPAGATE = replace(preset("propagate"), inference=BACKWARDS)


def test_frames_belong_to_their_nearest_mask() -> None:
    assert backward_ranges({0: [1], 4: [1], 9: [1]}) == {4: {1: 3}, 9: {1: 7}}
    assert backward_ranges({0: [1], 3: [2], 4: [1, 2]}) == {3: {2: 0}, 4: {1: 3}}
    assert backward_ranges({0: [1], 1: [1]}) == {}


def test_a_mask_is_carried_backwards_to_the_first_frame(make_video: Callable[..., Any]) -> None:
    video = make_video(count=6)
    frames = list(VideoSegmenter(video, {}, PROPAGATE, CPU, starts={4: [1]}).frames())
    for frame in frames:
        np.testing.assert_array_equal(frame.label_map, video.label_map(frame.index))
        assert frame.states == (TrackState.TRACKED,)
    without = list(VideoSegmenter(video, {}, preset("propagate"), CPU, starts={4: [1]}).frames())
    assert [f.states[0] for f in without] == [2, 2, 2, 2, 0, 0]


def test_only_the_nearer_half_changes(make_video: Callable[..., Any]) -> None:
    video = make_video(count=7)
    wrong = np.zeros_like(video.label_maps[6])
    wrong[2:6, 2:6] = 1
    video.label_maps[6] = wrong
    starts = {0: [1], 6: [1]}
    frames = list(VideoSegmenter(video, {}, PROPAGATE, CPU, starts=starts).frames())
    for frame in frames[:4]:
        np.testing.assert_array_equal(frame.label_map, video.label_map(frame.index))
    assert not frames[4].label_map.any(), "it has left the frame on the way back"
    assert (frames[5].label_map == 1).sum() == 3 * 4
    np.testing.assert_array_equal(frames[6].label_map, wrong)


@pytest.mark.parametrize("cut", range(1, 8))
def test_another_process_goes_on_exactly(make_video: Callable[..., Any], cut: int) -> None:
    video = make_video(count=8)
    video.label_maps[5][26:32, 30:40] = 2
    torch.manual_seed(0)
    weights = dict.fromkeys((1, 2), weights_of(build_network(NETWORK)))
    chosen = Preset(name="tiny", network=NETWORK, inference=BACKWARDS)
    starts = {0: [1], 5: [2], 7: [1]}

    def segmenter() -> VideoSegmenter:
        return VideoSegmenter(video, weights, chosen, CPU, starts=starts, keep_soft_masks=True)

    whole = list(segmenter().frames())
    assert whole[0].states == (TrackState.TRACKED, TrackState.TRACKED)
    first = segmenter()
    frames = first.frames()
    begun = [next(frames) for _ in range(cut)]
    state = {key: array.copy() for key, array in first.state().items()}
    for expected, frame in zip(whole, [*begun, *segmenter().frames(cut, state)], strict=True):
        np.testing.assert_array_equal(frame.label_map, expected.label_map)
        np.testing.assert_array_equal(frame.probabilities, expected.probabilities)
        np.testing.assert_array_equal(frame.boxes, expected.boxes)
        assert frame.states == expected.states


def test_causal_inference_cannot_look_back_from_a_later_frame() -> None:
    with pytest.raises(InvalidInputError, match="causal rules out"):
        InferenceOptions(backwards=True, causal=True)
