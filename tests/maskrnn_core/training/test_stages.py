"""The three stages on a moving square: they learn, are repeatable, and use the recurrence."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from maskrnn_core.compute import Compute
from maskrnn_core.errors import InvalidInputError, TrainingDivergedError
from maskrnn_core.inference import segment
from maskrnn_core.networks import build_network, weights_of
from maskrnn_core.options import (
    NetworkOptions,
    Preset,
    RecurrentOptions,
    StaticOptions,
)
from maskrnn_core.presets import preset
from maskrnn_core.training.curve import TrainedNetwork
from maskrnn_core.training.finetuning import finetune
from maskrnn_core.training.parent import train_parent
from maskrnn_core.training.recurrent import read_clip, unroll
from maskrnn_core.video import Video
from tests.maskrnn_core.training.tiny_preset import CPU, FINETUNE, NETWORK

STATIC = StaticOptions(steps=3, learning_rate=1e-2, final_learning_rate=1e-2)
TINY = Preset(
    name="tiny",
    network=NETWORK,
    static=STATIC,
    recurrent=RecurrentOptions(steps=2, clip_length=3, learning_rate=1e-3),
    finetune=FINETUNE,
)


def test_static_training_learns_the_square(video: Video) -> None:
    static = StaticOptions(steps=40, learning_rate=1e-2, final_learning_rate=1e-3, balance="none")
    curve = train_parent([video], replace(TINY, static=static, recurrent=None), CPU).curve
    losses = [point.loss for point in curve]
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


def test_the_curve_holds_losses_and_figures_apart(video: Video) -> None:
    preset = replace(TINY, static=replace(STATIC, localization_weight=3.0))
    trained = train_parent([video], preset, CPU)
    tuned = finetune(video, 1, trained.weights, preset, CPU)
    for point in trained.curve[:3]:
        assert point.loss == pytest.approx((point.mask_loss or 0) + 3 * (point.box_loss or 0))
    first = trained.curve[0]
    assert None not in (first.mask_loss, first.box_loss, first.proposal_iou, first.box_iou)
    assert 0.5 <= (first.proposal_iou or 0) <= 1
    recurrent = trained.curve[3]
    assert (recurrent.mask_loss, recurrent.box_loss) == (recurrent.loss, None)
    assert all(p.J is not None and 0 <= p.J <= 1 for p in (*trained.curve, *tuned.curve))


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


def test_accumulated_batches_are_one_larger_batch(video: Video) -> None:
    slow = replace(STATIC, learning_rate=1e-4, final_learning_rate=1e-4)
    small = replace(TINY, static=replace(slow, accumulate=2, batch_size=1), recurrent=None)
    large = replace(TINY, static=replace(slow, accumulate=1, batch_size=2), recurrent=None)
    first, second = (train_parent([video], preset, CPU) for preset in (small, large))
    for one, other in zip(first.curve, second.curve, strict=True):
        assert one.loss == pytest.approx(other.loss, abs=1e-5)
    # Adam moves each weight by about 1e-4 a step, whatever its gradient: where that is all but
    # zero, the order of a sum decides. All weights together are not moved apart by that.
    apart = [value - second.weights[name] for name, value in first.weights.items()]
    distance = np.sqrt(sum(float(np.square(part).sum()) for part in apart))
    moved = 3e-4 * np.sqrt(sum(part.size for part in apart))
    assert distance < 1e-3 * moved


@pytest.mark.parametrize(
    "change",
    [
        {"frozen_blocks": 6},
        {"frozen_blocks": -1},
        {"patience": 0},
        {"accumulate": 0},
        {"hardest": 0},
        {"hardest": 1.5},
    ],
)
def test_options_that_mean_nothing(change: dict[str, float]) -> None:
    with pytest.raises(InvalidInputError, match=next(iter(change))):
        replace(FINETUNE, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("stage", ["static", "recurrent", "finetune"])
def test_a_loss_that_is_not_finite_names_video_frame_and_object(video: Video, stage: str) -> None:
    broken: Any = video
    broken.backward_flow = lambda _: np.full((*video.size, 2), np.nan, np.float32)

    def train() -> TrainedNetwork:
        if stage == "finetune":
            return finetune(broken, 1, weights_of(build_network(NETWORK)), TINY, CPU)
        others = {"static": None, "recurrent": None, stage: getattr(TINY, stage)}
        return train_parent([broken], replace(TINY, **others), CPU)

    frames = "frames \\d to \\d" if stage == "recurrent" else "frame \\d"
    with pytest.raises(
        TrainingDivergedError, match=f"^{stage}, step 0: .* nan on square, {frames}, object 1;"
    ):
        train()


def test_nothing_to_train_on(make_video: Callable[..., Any]) -> None:
    empty = make_video()
    empty.label_maps = [np.zeros_like(label_map) for label_map in empty.label_maps]
    for videos, count in (([], 0), ([empty], 1)):
        with pytest.raises(InvalidInputError, match=f"{count} videos, none with an annotated"):
            train_parent(videos, TINY, CPU)
    # Beside others such a video is no reason to stop.
    both = train_parent([make_video(), empty], replace(TINY, recurrent=None), CPU)
    assert len(both.curve) == 3


def test_presets_without_a_network_cannot_be_trained(video: Video) -> None:
    carried = replace(TINY, network=None)
    with pytest.raises(InvalidInputError, match="no network"):
        train_parent([video], carried, CPU)
    with pytest.raises(InvalidInputError, match="nothing to finetune"):
        finetune(video, 1, {}, carried, CPU)


def test_the_recipe_of_the_preset_accurate_runs_from_training_to_masks(video: Video) -> None:
    named = preset("accurate")
    assert named.network is not None
    assert named.static is not None
    assert named.finetune is not None
    recipe = replace(
        named,
        network=replace(named.network, width=0.125),
        static=replace(named.static, steps=2),
        finetune=replace(named.finetune, iterations=3),
    )
    parent = train_parent([video], recipe, CPU)
    tuned = finetune(video, 1, parent.weights, recipe, CPU)
    frames = list(segment(video, {1: tuned.weights}, recipe, CPU))
    assert [frame.index for frame in frames] == list(range(video.frame_count))
    assert (frames[0].label_map == video.label_map(0)).all()
