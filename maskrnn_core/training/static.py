"""First offline stage: both nets on single frames (section 4, "offline training")."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from torch import Tensor

from maskrnn_core.compute import Compute
from maskrnn_core.networks import MaskRNN
from maskrnn_core.options import FinetuneOptions, StaticOptions
from maskrnn_core.training.augmentation import transform
from maskrnn_core.training.batches import StaticBatch, collate, crop_size, draw_geometry
from maskrnn_core.training.losses import box_loss, mask_loss
from maskrnn_core.training.optimisation import CurvePoint, OnStep, Schedule, optimise
from maskrnn_core.training.samples import drawn, list_samples, read_sample
from maskrnn_core.video import Video


def static_loss(
    network: MaskRNN, batch: StaticBatch, options: StaticOptions | FinetuneOptions, compute: Compute
) -> Tensor:
    """Mask loss plus the localization net's box loss, scalar."""
    device = compute.device
    with compute.autocast():
        segmentation = network(
            batch.frame.to(device), batch.mask.to(device), batch.magnitudes.to(device)
        )
        loss = mask_loss(segmentation.logits, batch.target.to(device), options.balance)
        if network.localization is not None:
            deltas = network.localization(segmentation.features, batch.proposals.to(device))
            regression = box_loss(deltas, batch.deltas.to(device), batch.valid.to(device))
            loss = loss + options.localization_weight * regression
    return loss


def train_static(
    network: MaskRNN,
    videos: Sequence[Video],
    options: StaticOptions,
    compute: Compute,
    on_step: OnStep | None = None,
) -> list[CurvePoint]:
    """Optimise the network in place on single frames with perturbed masks.

    Raises:
        InvalidInputError: no annotated object in the videos.
        TrainingDivergedError: a loss that is not finite.
    """
    samples = list_samples(videos)
    steps = options.steps
    if steps is None:
        steps = math.ceil(options.epochs * len(samples) / options.batch_size)
    output_size = crop_size(videos[0].size, options.augmentation)

    def make_batch(step: int) -> StaticBatch:
        rng = np.random.default_rng([options.seed, 1, step])
        crops, names = [], []
        for position in range(step * options.batch_size, (step + 1) * options.batch_size):
            chosen = drawn(samples, position, options.seed)
            video = videos[chosen.video]
            sample = read_sample(video, chosen.frame, chosen.object_id)
            geometry = draw_geometry(sample, rng, output_size, options.augmentation)
            crops.append(transform(sample, geometry))
            names.append(f"{video.name}, frame {chosen.frame}, object {chosen.object_id}")
        frame_width = output_size[1] / options.augmentation.crop
        return collate(crops, names, frame_width, rng, options.perturbation)

    return optimise(
        "static",
        network.parameters(),
        schedule_of(steps, options),
        make_batch,
        loss_function(network, options, compute),
        describe,
        on_step,
    )


def schedule_of(steps: int, options: StaticOptions | FinetuneOptions) -> Schedule:
    """Decay of the learning rate over the steps of a stage."""
    return Schedule(steps, options.learning_rate, options.final_learning_rate, options.decay_power)


def loss_function(
    network: MaskRNN, options: StaticOptions | FinetuneOptions, compute: Compute
) -> Callable[[StaticBatch], Tensor]:
    """`static_loss` of one network as a function of the batch."""
    return lambda batch: static_loss(network, batch, options, compute)


def describe(batch: StaticBatch) -> str:
    """What a batch was made of."""
    return "; ".join(batch.names)
