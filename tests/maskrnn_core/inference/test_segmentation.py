from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from maskrnn_core.errors import IncompatibleWeightsError, InvalidInputError
from maskrnn_core.inference import TrackState, VideoSegmenter, segment
from maskrnn_core.networks import build_network, weights_of
from maskrnn_core.options import ComputeOptions, InferenceOptions, NetworkOptions, Preset
from maskrnn_core.presets import PRESETS, preset

CPU = ComputeOptions(device="cpu", precision="float32", threads=1)
NETWORK = NetworkOptions(width=0.125, norm="group", fc_width=16)
TINY = Preset(name="tiny", network=NETWORK)


def _weights(options: NetworkOptions = NETWORK) -> dict[str, Any]:
    torch.manual_seed(0)
    return weights_of(build_network(options))


def test_exact_flow_carries_a_mask_exactly(make_video: Callable[..., Any]) -> None:
    video = make_video(count=5)
    for frame in segment(video, {}, preset("propagate"), CPU):
        np.testing.assert_array_equal(frame.label_map, video.label_map(frame.index))
        assert frame.states == (TrackState.TRACKED,)
        assert frame.boxes[0].tolist() == [
            8 + 3 * frame.index,
            8 + frame.index,
            20 + 3 * frame.index,
            20 + frame.index,
        ]


def test_the_copied_first_mask_stays(make_video: Callable[..., Any]) -> None:
    video = make_video()
    for frame in segment(video, {}, preset("first-frame"), CPU):
        np.testing.assert_array_equal(frame.label_map, video.label_map(0))


def test_later_label_maps_are_never_read(make_video: Callable[..., Any]) -> None:
    video = make_video()
    expected = [f.label_map for f in segment(video, {1: _weights()}, TINY, CPU)]
    for index in range(1, 4):
        video.label_maps[index] = None
    seen = [f.label_map for f in segment(video, {1: _weights()}, TINY, CPU)]
    for first, second in zip(expected, seen, strict=True):
        np.testing.assert_array_equal(first, second)


def test_an_object_that_appears_later_starts_there(make_video: Callable[..., Any]) -> None:
    video = make_video(count=4)
    video.label_maps[2][26:32, 0:6] = 7
    frames = list(segment(video, {}, preset("propagate"), CPU))
    assert [f.states[1] for f in frames] == [2, 2, 0, 0]
    assert not (frames[1].label_map == 7).any()
    assert (frames[2].label_map == 7).sum() == 36
    np.testing.assert_allclose(frames[2].confidence, [1, 1], atol=1e-5)
    assert frames[1].confidence[1] == 0


def test_results_come_at_the_output_size(make_video: Callable[..., Any]) -> None:
    video = make_video(count=3)
    video.output_size = (64, 96)
    fine = np.kron(video.label_maps[0], np.ones((2, 2), np.uint8))
    video.annotations = {0: fine}
    frames = list(segment(video, {}, preset("propagate"), CPU))
    np.testing.assert_array_equal(frames[0].label_map, fine)
    expected = np.kron(video.label_maps[2], np.ones((2, 2), np.uint8))
    union = (frames[2].label_map == 1) | (expected == 1)
    assert ((frames[2].label_map == 1) & (expected == 1)).sum() / union.sum() > 0.95
    np.testing.assert_allclose(frames[2].boxes[0], [28, 20, 52, 44])


@pytest.mark.parametrize(
    "inference", [InferenceOptions(), InferenceOptions(feedback="fused", causal=True)]
)
def test_networks_segment_every_frame(
    make_video: Callable[..., Any], inference: InferenceOptions
) -> None:
    video = make_video()
    video.label_maps[0][24:30, 30:40] = 2
    weights = {1: _weights(), 2: _weights()}
    frames = list(segment(video, weights, replace(TINY, inference=inference), CPU))
    assert [f.index for f in frames] == [0, 1, 2, 3]
    for frame in frames:
        assert frame.label_map.dtype == np.uint8
        assert set(np.unique(frame.label_map)) <= {0, 1, 2}
        assert ((frame.confidence >= 0) & (frame.confidence <= 1)).all()


@pytest.mark.parametrize("cut", range(1, 6))
@pytest.mark.parametrize("name", ["own", "exclusive", "fused", "propagate"])
def test_another_process_goes_on_exactly(
    make_video: Callable[..., Any], name: Any, cut: int
) -> None:
    video = make_video(count=6)
    video.label_maps[3][26:32, 30:40] = 2
    options = InferenceOptions(feedback="own" if name == "propagate" else name)
    chosen = preset("propagate") if name == "propagate" else replace(TINY, inference=options)
    weights = {} if name == "propagate" else {1: _weights(), 2: _weights()}
    whole = list(segment(video, weights, chosen, CPU))
    first = VideoSegmenter(video, weights, chosen, CPU)
    frames = first.frames()
    begun = [next(frames) for _ in range(cut)]
    state = {key: array.copy() for key, array in first.state().items()}
    rest = VideoSegmenter(video, weights, chosen, CPU).frames(cut, state)
    for expected, frame in zip(whole, [*begun, *rest], strict=True):
        assert frame.index == expected.index
        assert frame.states == expected.states
        np.testing.assert_array_equal(frame.label_map, expected.label_map)
        np.testing.assert_array_equal(frame.boxes, expected.boxes)
        np.testing.assert_array_equal(frame.confidence, expected.confidence)


def test_a_state_of_other_objects_is_refused(make_video: Callable[..., Any]) -> None:
    segmenter = VideoSegmenter(make_video(), {}, preset("propagate"), CPU)
    with pytest.raises(InvalidInputError, match="object 9 has no tracker"):
        next(segmenter.frames(1, {"objects": np.array([9])}))


def test_objects_need_weights_and_the_right_ones(make_video: Callable[..., Any]) -> None:
    with pytest.raises(InvalidInputError, match="object 1"):
        list(segment(make_video(), {}, TINY, CPU))
    other = _weights(replace(NETWORK, width=0.25))
    with pytest.raises(IncompatibleWeightsError):
        list(segment(make_video(), {1: other}, TINY, CPU))


@pytest.mark.parametrize("name", PRESETS)
def test_presets_know_their_names(name: str) -> None:
    assert preset(name).name == name


def test_an_unknown_preset_names_the_closest() -> None:
    with pytest.raises(InvalidInputError, match="did you mean masktrack"):
        preset("masktrak")


def test_an_object_that_starts_again_is_its_mask_alone(make_video: Callable[..., Any]) -> None:
    video = make_video(count=3)
    given = np.zeros_like(video.label_maps[2])
    given[0:4, 40:48] = 1
    video.label_maps[2] = given
    chosen = preset("propagate")
    last = list(VideoSegmenter(video, {}, chosen, CPU, starts={0: [1], 2: [1]}).frames())[-1]
    np.testing.assert_array_equal(last.label_map, given)


@pytest.mark.parametrize(
    ("chosen", "reads"),
    [
        (TINY, True),
        (replace(TINY, inference=InferenceOptions(causal=True)), False),
        (replace(TINY, network=replace(NETWORK, flow_stream=False, localization=False)), False),
        (preset("propagate"), False),
    ],
)
def test_flow_to_the_next_frame_is_read_where_it_is_used(
    make_video: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, chosen: Any, reads: bool
) -> None:
    video = make_video(count=3)
    asked: list[int] = []
    read = video.forward_flow

    def noted(index: int) -> Any:
        asked.append(index)
        return read(index)

    monkeypatch.setattr(video, "forward_flow", noted)
    weights = {1: _weights(chosen.network)} if chosen.network else {}
    assert len(list(segment(video, weights, chosen, CPU))) == 3
    assert bool(asked) == reads
