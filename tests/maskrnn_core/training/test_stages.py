"""The three stages on a square that moves: they learn, they repeat, the recurrence is real."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from maskrnn_core.compute import Compute
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.networks import build_network, weights_of
from maskrnn_core.options import (
    ComputeOptions,
    FinetuneOptions,
    NetworkOptions,
    Preset,
    RecurrentOptions,
    StaticOptions,
)
from maskrnn_core.training.finetuning import finetune
from maskrnn_core.training.parent import train_parent
from maskrnn_core.training.recurrent import read_clip, unroll
from maskrnn_core.video import Video

CPU = ComputeOptions(device="cpu", precision="float32", threads=1)
TINY = Preset(
    name="tiny",
    network=NetworkOptions(width=0.125, norm="group", fc_width=16),
    static=StaticOptions(steps=3, learning_rate=1e-2, final_learning_rate=1e-2),
    recurrent=RecurrentOptions(steps=2, clip_length=3, learning_rate=1e-3),
    finetune=FinetuneOptions(iterations=3, learning_rate=1e-2, final_learning_rate=1e-3),
)


def test_static_training_learns_the_square(video: Video) -> None:
    static = StaticOptions(steps=40, learning_rate=1e-2, final_learning_rate=1e-3, balance="none")
    curve = train_parent([video], replace(TINY, static=static, recurrent=None), CPU).curve
    losses = [point.loss for point in curve]
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


def test_training_and_finetuning_repeat_bit_for_bit(video: Video) -> None:
    first, second = (train_parent([video], TINY, CPU) for _ in range(2))
    assert [p.stage for p in first.curve] == ["static"] * 3 + ["recurrent"] * 2
    tuned = [finetune(video, 1, trained.weights, TINY, CPU) for trained in (first, second)]
    for name, value in tuned[0].weights.items():
        np.testing.assert_array_equal(value, tuned[1].weights[name])
    assert any((tuned[0].weights[n] != first.weights[n]).any() for n in first.weights)
    other = train_parent([video], replace(TINY, static=replace(TINY.static, seed=1)), CPU)  # type: ignore[type-var]
    assert any((other.weights[n] != first.weights[n]).any() for n in first.weights)


def test_the_recurrent_stage_leaves_the_localization_net(video: Video) -> None:
    static = train_parent([video], replace(TINY, recurrent=None), CPU).weights
    both = train_parent([video], TINY, CPU).weights
    changed = {name for name in static if (static[name] != both[name]).any()}
    assert changed
    assert not any(name.startswith("localization") for name in changed)


def test_epochs_count_samples(make_video: Callable[..., Any]) -> None:
    videos = [make_video(count=3), make_video(count=2)]
    static = StaticOptions(epochs=2, batch_size=2)
    curve = train_parent(videos, replace(TINY, static=static, recurrent=None), CPU).curve
    assert len(curve) == 5


def _double(video: Video) -> tuple[torch.nn.Module, Any]:
    torch.manual_seed(0)
    network = build_network(TINY.network or NetworkOptions()).double()
    with torch.no_grad():  # the mask channel starts silent; here it must speak
        for stream in (network.appearance, network.motion):
            assert stream is not None
            stream.vgg.convolutions()[0].weight[:, -1] = 0.05
    clip = read_clip(video, 0, 1, RecurrentOptions(clip_length=4), np.random.default_rng(0))
    tensors = {
        # Noise, since pooling has no gradient where equal values tie.
        name: getattr(clip, name).double() + 0.01 * torch.rand(getattr(clip, name).shape)
        for name in ("frames", "magnitudes", "backward", "first")
    }
    return network, replace(clip, **tensors)


def test_the_loss_at_the_last_frame_depends_on_the_first_prediction(video: Video) -> None:
    network, clip = _double(video)
    compute = Compute(torch.device("cpu"), bfloat16=False)
    first = clip.first.clone().requires_grad_()

    def last_logits(mask: torch.Tensor) -> torch.Tensor:
        logits = unroll(
            network,  # type: ignore[arg-type]
            replace(clip, first=mask),
            compute,
            warp_mask=True,
            checkpoint_activations=False,
        )
        assert len(logits) == 3
        return logits[-1].mean()

    (gradient,) = torch.autograd.grad(last_logits(first), first)
    assert gradient.abs().sum() > 0
    direction = torch.randn(first.shape, dtype=torch.float64).mul(1e-6)
    with torch.no_grad():
        numeric = (last_logits(first + direction) - last_logits(first - direction)) / 2
    torch.testing.assert_close((gradient * direction).sum(), numeric, rtol=1e-4, atol=1e-14)


def test_checkpointing_changes_memory_not_gradients(video: Video) -> None:
    network, clip = _double(video)
    compute = Compute(torch.device("cpu"), bfloat16=False)
    gradients = []
    for flag in (False, True):
        network.zero_grad()
        logits = unroll(
            network,  # type: ignore[arg-type]
            clip,
            compute,
            warp_mask=True,
            checkpoint_activations=flag,
        )
        torch.autograd.backward(logits[-1].sum())
        gradients.append([p.grad.clone() for p in network.parameters() if p.grad is not None])
    assert len(gradients[0]) == len(gradients[1]) > 0
    for first, second in zip(*gradients, strict=True):
        torch.testing.assert_close(first, second)


def test_an_object_without_a_pixel_cannot_be_finetuned(make_video: Callable[..., Any]) -> None:
    video = make_video()
    weights = weights_of(build_network(TINY.network or NetworkOptions()))
    video.first_frame = lambda _: 0
    with pytest.raises(InvalidInputError, match="object 2: no pixel"):
        finetune(video, 2, weights, TINY, CPU)


def test_presets_without_a_network_cannot_be_trained(video: Video) -> None:
    carried = replace(TINY, network=None)
    with pytest.raises(InvalidInputError, match="no network"):
        train_parent([video], carried, CPU)
    with pytest.raises(InvalidInputError, match="nothing to finetune"):
        finetune(video, 1, {}, carried, CPU)
