"""`Segmenter`: frames one by one, causal, corrections, shots, bounded memory."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.inference import TrackState
from maskrnn_core.interface import Segmenter, segment
from maskrnn_core.options import FinetuneOptions, InferenceOptions
from tests.maskrnn_core.interface.scene import CPU, UNTUNED, SceneWithDIS, parent


def test_a_causal_preset_gives_the_same_frame_by_frame() -> None:
    video: Any = SceneWithDIS()
    causal = replace(UNTUNED, inference=InferenceOptions(causal=True))
    whole = segment(video.frames, video.label_map(0), causal, parent(), compute=CPU)
    live = Segmenter(UNTUNED, parent(), compute=CPU)
    for index, expected in enumerate(whole):
        found = live.step(video.frame(index), video.label_map(0) if index == 0 else None)
        np.testing.assert_array_equal(found.label_map, expected.label_map)
        assert [o.confidence for o in found.objects.values()] == [
            o.confidence for o in expected.objects.values()
        ]


def test_a_result_depends_on_no_later_frame() -> None:
    video: Any = SceneWithDIS()
    results = []
    for last in (video.frame(2), 255 - video.frame(2)):
        live = Segmenter(UNTUNED, parent(), compute=CPU)
        live.step(video.frame(0), video.label_map(0))
        results.append(live.step(video.frame(1)).label_map)
        live.step(last)
    np.testing.assert_array_equal(results[0], results[1])


def test_a_mask_corrects_an_object_and_leaves_the_others() -> None:
    video: Any = SceneWithDIS()
    live = Segmenter("first-frame")
    live.step(video.frame(0), video.label_map(0))
    correction = np.zeros((48, 64), np.uint8)
    correction[40:44, 50:60] = 2
    corrected = live.step(video.frame(1), correction)
    after = live.step(video.frame(2))
    for result in (corrected, after):
        np.testing.assert_array_equal(result.label_map == 1, video.label_map(0) == 1)
        assert result.objects[2].state is TrackState.TRACKED
    np.testing.assert_array_equal(corrected.label_map[40:44, 50:60], 2)
    np.testing.assert_array_equal(after.label_map == 2, correction == 2)


def test_objects_are_lost_at_a_cut() -> None:
    video: Any = SceneWithDIS()
    live = Segmenter()
    live.step(video.frame(0), video.label_map(0) == 1)
    live.cut()
    lost = live.step(video.frame(1))
    assert lost.objects[1].state is TrackState.LOST
    assert not lost.label_map.any()
    again = live.step(video.frame(2), video.label_map(2) == 1)
    assert again.objects[1].state is TrackState.TRACKED


def test_a_frame_that_is_refused_does_not_count() -> None:
    video: Any = SceneWithDIS()
    live = Segmenter()
    live.step(video.frame(0), video.label_map(0))
    with pytest.raises(InvalidInputError, match=r"a frame is uint8 \(48, 64\)"):
        live.step(video.frame(1)[..., 0])
    with pytest.raises(InvalidInputError, match="the mask shows no object"):
        live.step(video.frame(1), np.zeros((48, 64), bool))
    with pytest.raises(InvalidInputError, match="the mask of frame 1 is 10x10"):
        live.step(video.frame(1), np.ones((10, 10), bool))
    result = live.step(video.frame(1))
    expected = Segmenter()
    expected.step(video.frame(0), video.label_map(0))
    assert result.index == 1
    np.testing.assert_array_equal(result.label_map, expected.step(video.frame(1)).label_map)


def test_a_first_frame_that_is_refused_does_not_set_the_size() -> None:
    video: Any = SceneWithDIS()
    live = Segmenter()
    with pytest.raises(InvalidInputError, match="the mask of frame 0 is 10x10"):
        live.step(video.frame(0), np.ones((10, 10), bool))
    assert live.step(video.frame(0)[:32, :40]).label_map.shape == (32, 40)
    with pytest.raises(InvalidInputError, match="a frame is 64x48, but the first is 40x32"):
        live.step(video.frame(1))


def test_a_later_mask_finetunes_again_on_all_masks_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    from maskrnn_core.training import finetuning

    video: Any = SceneWithDIS()
    asked: list[list[str]] = []
    finetune_on = finetuning.finetune_on

    def noted(samples: Any, *args: Any) -> Any:
        asked.append(list(samples))
        return finetune_on(samples, *args)

    monkeypatch.setattr(finetuning, "finetune_on", noted)
    tuned = replace(UNTUNED, finetune=FinetuneOptions(iterations=1))
    first = video.label_map(0) == 1
    for refinetune in (False, True):
        live = Segmenter(tuned, parent(), compute=CPU, refinetune=refinetune)
        live.step(video.frame(0), first)
        live.step(video.frame(1))
        live.step(video.frame(2), first)
    once, *again = asked
    assert once == ["frame 0, object 1"]
    assert again == [once, ["frame 0, object 1", "frame 2, object 1"]]


def test_a_mirrored_view_is_a_frame_as_any_other() -> None:
    video: Any = SceneWithDIS()
    results = []
    for mirrored in (video.frame(0)[:, ::-1], video.frame(0)[:, ::-1].copy()):
        live = Segmenter(UNTUNED, parent(), compute=CPU)
        live.step(mirrored, video.label_map(0)[:, ::-1])
        results.append(live.step(mirrored).label_map)
    np.testing.assert_array_equal(results[0], results[1])


def test_frames_of_one_buffer_are_kept_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    from maskrnn_core.training import finetuning

    video: Any = SceneWithDIS()
    asked: list[Any] = []
    finetune_on = finetuning.finetune_on

    def noted(samples: Any, *args: Any) -> Any:
        asked.append([sample.frame.copy() for sample in samples.values()])
        return finetune_on(samples, *args)

    monkeypatch.setattr(finetuning, "finetune_on", noted)
    tuned = replace(UNTUNED, finetune=FinetuneOptions(iterations=1))
    live = Segmenter(tuned, parent(), compute=CPU, refinetune=True)
    buffer = np.empty_like(video.frame(0))
    for index in range(2):
        buffer[:] = video.frame(index)
        live.step(buffer, video.label_map(index) == 1)
    np.testing.assert_array_equal(asked[1], [video.frame(0), video.frame(1)])


def test_a_live_result_does_not_go_backwards() -> None:
    with pytest.raises(InvalidInputError, match="forwards only"):
        Segmenter(replace(UNTUNED, inference=InferenceOptions(backwards=True)), parent())
