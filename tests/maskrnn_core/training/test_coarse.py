"""Training that begins with small frames: which steps see them, and that they show the same."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from maskrnn_core.compute import resolve_compute
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.networks import build_network, weights_of
from maskrnn_core.options import AugmentationOptions, FinetuneOptions, StaticOptions
from maskrnn_core.samples.batches import MaskedSample, StaticBatch, vary
from maskrnn_core.samples.reading import read_sample
from maskrnn_core.training.finetuning import finetune
from maskrnn_core.training.parent import train_parent
from maskrnn_core.training.static import static_objective
from maskrnn_core.video import Video
from tests.maskrnn_core.conftest import square_video
from tests.maskrnn_core.training.tiny_preset import CPU, FINETUNE, NETWORK, STATIC, TINY

STILL = AugmentationOptions(flip=False, rotation=0.0, scale=(1.0, 1.0))


def _batches(options: StaticOptions | FinetuneOptions, steps: int) -> list[StaticBatch]:
    video = square_video(size=(64, 96))
    sample = read_sample(video, 1, 1)

    def make_sample(position: int, size: tuple[int, int]) -> MaskedSample:
        return vary(sample, "square", np.random.default_rng(position), size, options)

    objective = static_objective(
        "static",
        build_network(NETWORK),
        steps,
        options,
        resolve_compute(CPU),
        make_sample,
        video.size,
    )
    return [objective.make_batch(index) for index in range(steps * options.accumulate)]


@pytest.mark.parametrize("accumulate", [1, 2])
def test_the_first_steps_see_half_the_height_and_width(accumulate: int) -> None:
    options = StaticOptions(
        batch_size=2, accumulate=accumulate, coarse=0.5, augmentation=AugmentationOptions(crop=0.5)
    )
    shapes = [tuple(batch.frame.shape[-2:]) for batch in _batches(options, 4)]
    assert shapes == [(16, 24)] * 2 * accumulate + [(32, 48)] * 2 * accumulate


def test_small_frames_show_the_same_as_large_ones() -> None:
    """Colours, target and the lengths of the optical flow, which are relative to the frame."""
    small, large = (
        _batches(FinetuneOptions(coarse=share, augmentation=STILL), 1)[0] for share in (1.0, 0.0)
    )
    shrunk = functional.avg_pool2d(large.frame, 2)
    assert (small.frame - shrunk).abs().mean() < 10
    assert float(small.target.float().mean()) == pytest.approx(
        float(large.target.float().mean()), rel=0.1
    )
    assert small.magnitudes is not None
    assert large.magnitudes is not None
    torch.testing.assert_close(small.magnitudes, large.magnitudes[..., ::2, ::2], atol=0.02, rtol=0)


def test_training_and_finetuning_with_small_frames_first(video: Video) -> None:
    preset = replace(
        TINY,
        static=replace(STATIC, coarse=0.5),
        finetune=replace(FINETUNE, coarse=0.5),
        recurrent=None,
    )
    parent = train_parent([video], preset, CPU)
    assert any(
        (value != weights_of(build_network(NETWORK))[name]).any()
        for name, value in parent.weights.items()
    )
    tuned = finetune(video, 1, parent.weights, preset, CPU)
    assert len(tuned.curve) == FINETUNE.iterations


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_a_share_is_from_0_to_1(share: float) -> None:
    with pytest.raises(InvalidInputError, match="from 0 to 1"):
        StaticOptions(coarse=share)
    with pytest.raises(InvalidInputError, match="from 0 to 1"):
        FinetuneOptions(coarse=share)
