"""Finetuning on a moving square: frozen blocks, a stop on a plateau, dreams, bad objects."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.networks import build_network, weights_of
from maskrnn_core.networks.weights import Weights
from maskrnn_core.options import DreamOptions
from maskrnn_core.training.curve import CurvePoint, TrainedNetwork
from maskrnn_core.training.finetuning import finetune, on_plateau, spread
from maskrnn_core.video import Video
from tests.maskrnn_core.training.tiny_preset import CPU, FINETUNE, NETWORK, TINY


def _changed(first: TrainedNetwork, weights: Weights) -> set[str]:
    return {name for name in weights if (first.weights[name] != weights[name]).any()}


@pytest.mark.parametrize("blocks", [1, 3, 5])
def test_frozen_blocks_stay_as_the_parent_has_them(video: Video, blocks: int) -> None:
    parent = weights_of(build_network(NETWORK))
    options = replace(FINETUNE, frozen_blocks=blocks)
    tuned = finetune(video, 1, parent, replace(TINY, finetune=options), CPU)
    changed = _changed(tuned, parent)
    for stream in ("appearance", "motion"):
        for block in range(5):
            prefix = f"{stream}.vgg.stages.{block}."
            assert any(name.startswith(prefix) for name in changed) == (block >= blocks)
    assert any(name.startswith("appearance.head") for name in changed)
    assert any(name.startswith("localization") for name in changed)


def test_finetuning_stops_on_a_plateau(video: Video) -> None:
    parent = weights_of(build_network(NETWORK))
    options = replace(FINETUNE, iterations=40, learning_rate=0.0, final_learning_rate=0.0)
    # Without a learning rate the loss only varies with the sample: it stops soon.
    early = finetune(
        video, 1, parent, replace(TINY, finetune=replace(options, patience=2)), CPU
    ).curve
    assert 4 <= len(early) < 40
    assert len(early) % 2 == 0
    whole = finetune(video, 1, parent, replace(TINY, finetune=options), CPU).curve
    assert len(whole) == 40
    assert [p.loss for p in whole[: len(early)]] == [p.loss for p in early]


def test_a_plateau_is_a_window_no_lower_than_the_lowest() -> None:
    def curve(*losses: float) -> list[CurvePoint]:
        return [CurvePoint("finetune", i, loss, 0.0, 0.0) for i, loss in enumerate(losses)]

    is_enough = on_plateau(2)
    assert not is_enough(curve(1, 1)), "one window"
    assert not is_enough(curve(1, 1, 9)), "half a window"
    assert not is_enough(curve(1, 1, 1, 0.9))
    assert is_enough(curve(1, 1, 1, 1))
    assert is_enough(curve(3, 3, 1, 1, 2, 1)), "lower than the first, not than the second"
    assert not on_plateau(None)(curve(*[1] * 50))


def test_an_object_that_is_not_there_cannot_be_finetuned(video: Video) -> None:
    weights = weights_of(build_network(NETWORK))
    with pytest.raises(InvalidInputError, match=r"square has no object 7 \(it has 1\)"):
        finetune(video, 7, weights, TINY, CPU)


def test_an_object_without_a_pixel_cannot_be_finetuned(make_video: Callable[..., Any]) -> None:
    video = make_video()
    video.label_maps[0] = np.full_like(video.label_maps[0], 0)
    video.first_frame = lambda _: 0
    with pytest.raises(InvalidInputError, match="object 1: no pixel"):
        finetune(video, 1, weights_of(build_network(NETWORK)), TINY, CPU)


def test_finetuning_on_dreams_learns_another_network_than_on_the_frame(video: Video) -> None:
    parent = weights_of(build_network(NETWORK))
    curves = []
    for share in (0.0, 1.0, 1.0):
        options = replace(FINETUNE, dream=DreamOptions(share=share))
        tuned = finetune(video, 1, parent, replace(TINY, finetune=options), CPU)
        curves.append([point.loss for point in tuned.curve])
    assert curves[1] == curves[2]
    assert curves[0] != curves[1]


def test_finetuning_draws_from_all_frames_that_are_given(make_video: Callable[..., Any]) -> None:
    video = make_video(count=4)
    parent = weights_of(build_network(NETWORK))

    def losses(*frames: int) -> list[float]:
        given = list(frames) or None
        return [p.loss for p in finetune(video, 1, parent, TINY, CPU, frames=given).curve]

    assert losses() == losses(0), "one frame gives what the first annotated frame gives"
    assert losses(0) != losses(0, 2) == losses(2, 0)
    video.label_maps[1] = video.label_maps[3] = None
    assert losses(0, 2) == losses(2, 0, 2), "other label maps are not read"
    with pytest.raises(InvalidInputError, match=r"frame 3: no label map"):
        losses(0, 3)


def test_of_many_frames_an_even_part_is_held() -> None:
    assert spread([9, 0, 4, 4], 5) == [0, 4, 9]
    assert spread(range(101), 3) == [0, 50, 100]
    assert spread([7], 16) == [7]
    with pytest.raises(InvalidInputError, match="no frame with a mask"):
        spread([], 3)


def test_disguises_change_what_is_learnt(video: Video) -> None:
    parent = weights_of(build_network(NETWORK))
    plain, never, often = (
        finetune(video, 1, parent, replace(TINY, finetune=options), CPU)
        for options in (FINETUNE, replace(FINETUNE, disguise=0.0), replace(FINETUNE, disguise=1.0))
    )
    assert not _changed(plain, never.weights)
    assert _changed(plain, often.weights)


ALONE = replace(TINY, network=replace(NETWORK, flow_stream=False, localization=False))


def test_only_objects_below_the_smallest_side_are_shown_larger(video: Video) -> None:
    assert ALONE.network is not None
    parent = weights_of(build_network(ALONE.network))
    side = float(np.count_nonzero(video.label_map(0) == 1)) ** 0.5
    plain, small, large = (
        finetune(video, 1, parent, replace(ALONE, finetune=options), CPU)
        for options in (
            FINETUNE,
            replace(FINETUNE, smallest_side=side - 1),
            replace(FINETUNE, smallest_side=2 * side),
        )
    )
    assert not _changed(plain, small.weights)
    assert _changed(plain, large.weights)


def test_boxes_and_flow_magnitudes_are_not_enlarged() -> None:
    options = replace(FINETUNE, smallest_side=80.0)
    with pytest.raises(InvalidInputError, match=r"set network\.localization=false"):
        replace(TINY, finetune=options)
    with pytest.raises(InvalidInputError, match="smallest_side=0"):
        replace(FINETUNE, smallest_side=0.0)
