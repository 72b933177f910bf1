"""`segment` from Python gives what the batch path gives, from any source of frames."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from maskrnn_core.errors import IncompatibleWeightsError, InvalidInputError
from maskrnn_core.inference import TrackState, VideoSegmenter
from maskrnn_core.interface import segment
from maskrnn_core.options import Preset
from maskrnn_core.training.finetuning import finetune
from maskrnn_core.video import UInt8Array
from tests.maskrnn_core.interface.scene import CPU, PROPAGATE, TINY, UNTUNED, SceneWithDIS, parent


@pytest.mark.parametrize("chosen", [TINY, UNTUNED, PROPAGATE], ids=lambda preset: preset.name)
def test_the_same_as_the_batch_path(chosen: Preset) -> None:
    video: Any = SceneWithDIS()
    weights = {}
    if chosen.network is not None:
        weights = dict.fromkeys(video.objects, parent())
    if chosen.finetune is not None:
        weights = {i: finetune(video, i, parent(), chosen, CPU).weights for i in video.objects}
    expected = list(VideoSegmenter(video, weights, chosen, CPU, keep_soft_masks=True).frames())
    start = parent() if chosen.network is not None else None
    results = list(
        segment(
            video.frames, video.label_map(0), chosen, start, compute=CPU, keep_probabilities=True
        )
    )
    assert len(results) == len(expected) == 5
    for found, frame in zip(results, expected, strict=True):
        assert found.index == frame.index
        assert list(found.objects) == list(video.objects)
        np.testing.assert_array_equal(found.label_map, frame.label_map)
        for place, one in enumerate(found.objects.values()):
            assert one.state == frame.states[place]
            assert one.confidence == frame.confidence[place]
            np.testing.assert_array_equal(one.box, frame.boxes[place])
            assert frame.probabilities is not None
            np.testing.assert_array_equal(one.probability, frame.probabilities[place])


def test_a_parent_may_be_a_file(tmp_path: Path) -> None:
    video: Any = SceneWithDIS()
    file = tmp_path / "weights.safetensors"
    save_file(parent(), file)
    given, read = (
        [f.label_map for f in segment(video.frames, video.label_map(0), UNTUNED, p, compute=CPU)]
        for p in (parent(), file)
    )
    np.testing.assert_array_equal(given, read)


def test_a_later_mask_starts_its_objects_again_and_new_ones() -> None:
    video: Any = SceneWithDIS()
    first, later = video.label_map(0) == 1, np.zeros_like(video.label_map(0))
    later[4:9, 5:12] = 1
    later[20:30, 30:40] = 9
    results = list(segment(video.frames, {0: first, 3: later}, "first-frame"))
    assert [list(result.objects) for result in results] == [[1], [1], [1], [1, 9], [1, 9]]
    np.testing.assert_array_equal(results[2].label_map, first)
    np.testing.assert_array_equal(results[4].label_map, later)
    assert results[3].objects[9].box.tolist() == [30, 20, 40, 30]
    assert results[3].objects[9].state is TrackState.TRACKED


def test_frames_before_the_first_mask_are_background() -> None:
    video: Any = SceneWithDIS()
    results = list(segment(video.frames, {2: video.label_map(2)}))
    assert [int(result.label_map.max()) for result in results] == [0, 0, 2, 2, 2]
    assert [len(result.objects) for result in results] == [0, 0, 2, 2, 2]


def test_objects_are_followed_at_a_lower_resolution() -> None:
    video: Any = SceneWithDIS()
    frames = video.frames.repeat(2, axis=1).repeat(2, axis=2)
    mask = video.label_map(0).repeat(2, axis=0).repeat(2, axis=1)
    fine = list(segment(frames, mask, resolution=48))
    coarse = list(segment(video.frames, video.label_map(0)))
    np.testing.assert_array_equal(fine[0].label_map, mask)
    assert fine[4].label_map.shape == (96, 128)
    np.testing.assert_allclose(fine[4].objects[1].box, 2 * coarse[4].objects[1].box)
    agree = fine[4].label_map == coarse[4].label_map.repeat(2, axis=0).repeat(2, axis=1)
    assert agree.mean() > 0.98


def test_only_a_few_frames_are_read_in_advance() -> None:
    video: Any = SceneWithDIS()
    taken: list[int] = []

    def endless() -> Iterator[UInt8Array]:
        buffer = np.empty_like(video.frame(0))
        while True:
            taken.append(len(taken))
            buffer[:] = video.frame(min(len(taken) - 1, 4))  # the buffer of a camera
            yield buffer

    results = segment(endless(), video.label_map(0))
    expected = segment(video.frames, video.label_map(0))
    for _, found, frame in zip(range(3), results, expected, strict=False):
        np.testing.assert_array_equal(found.label_map, frame.label_map)
    assert len(taken) <= 10
    results.close()  # type: ignore[attr-defined]


def test_a_preset_that_learns_from_the_first_mask_alone_needs_no_parent() -> None:
    video: Any = SceneWithDIS()
    alone = replace(TINY, static=None, recurrent=None)
    mask = video.label_map(0)
    found = segment(video.frames, mask, alone, compute=CPU)
    expected = segment(video.frames, mask, alone, parent(), compute=CPU)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one.label_map, other.label_map)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"preset": "propagat"}, "did you mean propagate"),
        ({"preset": "small"}, "small needs a parent: give its weights.safetensors"),
        ({"preset": "oneshot"}, "oneshot needs a parent"),
        ({"parent": "nowhere.safetensors"}, "no parent nowhere.safetensors: there is no such file"),
        ({"flow": "dit"}, "unknown flow estimator 'dit'"),
        (
            {"flow": "flownet2"},
            r"flownet2 needs weights: .* flow=build_estimator\('flownet2', file",
        ),
        ({"resolution": 0}, "the resolution is 0; give the short side in pixels"),
        ({"resolution": -5}, "the resolution is -5"),
        ({"masks": np.zeros((48, 64), bool)}, "the mask of frame 0 shows no object"),
        ({"masks": np.ones((3, 4), bool)}, "the mask of frame 0 is 4x3, the frame 64x48"),
        ({"masks": {7: np.ones((48, 64), bool)}}, "mask for frame 7, but the video has 5 frames"),
        ({"resolution": 16}, "object 2 has no pixel left at the working size 21x16"),
    ],
)
def test_what_cannot_be_used_is_named(changes: dict[str, Any], message: str) -> None:
    video: Any = SceneWithDIS()
    mask = video.label_map(0)
    if "resolution" in changes:
        mask = np.where(mask == 1, 1, 0)
        mask[0, 0] = 2
    given: dict[str, Any] = {"frames": video.frames, "masks": mask}
    with pytest.raises(InvalidInputError, match=message):
        list(segment(**{**given, **changes}))


def test_frames_of_another_size_are_refused() -> None:
    video: Any = SceneWithDIS()
    frames = [video.frame(0), video.frame(1)[:40]]
    with pytest.raises(InvalidInputError, match="a frame is 64x40, but the first is 64x48"):
        list(segment(frames, video.label_map(0)))


def test_a_damaged_parent_is_named(tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    file.write_bytes(b"\x08")
    with pytest.raises(IncompatibleWeightsError, match=r"weights.safetensors is not a complete"):
        segment(np.zeros((1, 32, 32, 3), np.uint8), np.ones((32, 32), bool), TINY, file)
