"""Second offline stage: contiguous frames, with backpropagation through time and the warp."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from maskrnn_core.compute import Compute
from maskrnn_core.geometry.warping import warp
from maskrnn_core.networks import MaskRNN
from maskrnn_core.options import RecurrentOptions
from maskrnn_core.samples.augmentation import transform, transform_flows
from maskrnn_core.samples.batches import (
    crop_size,
    draw_geometry,
    flow_tensor,
    frames_tensor,
    magnitudes_tensor,
    targets_tensor,
)
from maskrnn_core.samples.perturbation import perturb_mask
from maskrnn_core.samples.reading import drawn, list_samples, read_flows, read_sample
from maskrnn_core.training.distributed import ALONE, Peers
from maskrnn_core.training.losses import BatchLoss, mask_loss, mask_similarity
from maskrnn_core.training.optimisation import Objective, frozen, optimise
from maskrnn_core.training.recorder import Recorder
from maskrnn_core.training.static import schedule_of
from maskrnn_core.video import Video


@dataclass(frozen=True)
class ClipBatch:
    """One object in T contiguous frames, on the CPU."""

    frames: Tensor
    """(T, 3, H, W) float32, RGB in [0, 255]."""
    targets: Tensor
    """(T, 1, H, W) uint8."""
    magnitudes: Tensor
    """(T, 2, H, W) float32 in [0, 1]."""
    backward: Tensor
    """(T, 2, H, W) backward flow in pixels."""
    first: Tensor
    """(1, 1, H, W) float32 in [0, 1]: the mask of the first frame, perturbed."""
    name: str


def unroll(
    network: MaskRNN,
    clip: ClipBatch,
    compute: Compute,
    *,
    warp_mask: bool,
    checkpoint_activations: bool,
) -> list[Tensor]:
    """Logits (1, 1, H, W) of frames 2..T, each from the probability of the previous frame.

    The gradient passes through the warp into all earlier predictions; the optical flow is constant.
    The localization net is not used.
    """
    device = compute.device
    probability = clip.first.to(device)
    backward = clip.backward.to(device)

    def step(frame: Tensor, mask: Tensor, magnitudes: Tensor) -> Tensor:
        with compute.autocast():
            logits: Tensor = network(frame, mask, magnitudes).logits
        return logits

    outputs = []
    for t in range(1, len(clip.frames)):
        mask = warp(probability, backward[t : t + 1]) if warp_mask else probability
        inputs = (
            clip.frames[t : t + 1].to(device),
            mask,
            clip.magnitudes[t : t + 1].to(device),
        )
        if checkpoint_activations:
            logits = checkpoint(step, *inputs, use_reentrant=False)
        else:
            logits = step(*inputs)
        outputs.append(logits)
        probability = torch.sigmoid(logits)
    return outputs


def train_recurrent(
    network: MaskRNN,
    videos: Sequence[Video],
    options: RecurrentOptions,
    compute: Compute,
    recorder: Recorder,
    peers: Peers = ALONE,
    *,
    warp_mask: bool,
) -> None:
    """Train the segmentation net in place on clips; the localization net does not change.

    Args:
        network: a network trained on single frames.
        videos: as in the first stage.
        options: clip length, steps, rates.
        compute: device and precision.
        recorder: records and saves the training.
        peers: the processes that share the training.
        warp_mask: whether the previous probability is warped before it is read.

    Raises:
        InvalidInputError: the videos have no annotated object, or `peers` cannot share the batches.
        TrainingDivergedError: a loss is not finite.
    """
    samples = list_samples(videos, options.clip_length)
    steps = options.steps
    if steps is None:
        per_step = options.clip_length * options.accumulate
        steps = math.ceil(options.epochs * len(samples) / per_step)

    def make_batch(index: int) -> ClipBatch:
        rng = np.random.default_rng([options.seed, 2, index])
        chosen = drawn(samples, index, options.seed)
        return read_clip(videos[chosen.video], chosen.frame, chosen.object_id, options, rng)

    def loss_of(clip: ClipBatch) -> BatchLoss:
        outputs = unroll(
            network,
            clip,
            compute,
            warp_mask=warp_mask,
            checkpoint_activations=options.checkpoint_activations,
        )
        logits, targets = torch.cat(outputs), clip.targets[1:].to(compute.device)
        loss = mask_loss(logits, targets, options.balance, options.hardest)
        return BatchLoss(loss, {"mask_loss": loss, "J": mask_similarity(logits, targets)})

    objective = Objective(
        "recurrent",
        schedule_of(steps, options),
        make_batch,
        loss_of,
        lambda clip: clip.name,
        options.accumulate,
        options.optimizer,
    )
    with frozen(network.localization):
        optimise(network, objective, recorder, peers=peers, reading_threads=compute.reading_threads)


def read_clip(
    video: Video,
    start: int,
    object_id: int,
    options: RecurrentOptions,
    rng: np.random.Generator,
) -> ClipBatch:
    """Read up to `clip_length` frames from `start` on, all with the same random geometry.

    Raises:
        InvalidInputError: a frame has no label map.
    """
    stop = min(start + options.clip_length, video.frame_count)
    first = read_sample(video, start, object_id, with_flows=False)
    geometry = draw_geometry(
        first, rng, crop_size(video.size, options.augmentation), options.augmentation
    )
    rest = (
        read_sample(video, index, object_id, with_flows=False) for index in range(start + 1, stop)
    )
    samples = [transform(sample, geometry) for sample in (first, *rest)]
    flows = [transform_flows(read_flows(video, index), geometry) for index in range(start, stop)]
    mask = perturb_mask(samples[0].target == 1, rng, options.perturbation)
    return ClipBatch(
        frames=frames_tensor(samples),
        targets=targets_tensor(samples),
        magnitudes=magnitudes_tensor(flows, video.size[1]),
        backward=flow_tensor([pair.backward for pair in flows]),
        first=torch.from_numpy(mask)[None, None],
        name=f"{video.name}, frames {start} to {stop - 1}, object {object_id}",
    )
