"""First offline stage: both nets on single frames (section 4, "offline training")."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from maskrnn_core.compute import Compute
from maskrnn_core.networks import MaskRNN
from maskrnn_core.options import FinetuneOptions, LearningOptions, StaticOptions
from maskrnn_core.samples.batches import MaskedSample, StaticBatch, collate, crop_size, vary
from maskrnn_core.samples.reading import list_samples, read_drawn
from maskrnn_core.training.distributed import ALONE, Peers
from maskrnn_core.training.losses import (
    BatchLoss,
    box_ious,
    box_loss,
    mask_loss,
    mask_similarity,
)
from maskrnn_core.training.optimisation import Objective, Schedule, optimise
from maskrnn_core.training.recorder import Recorder
from maskrnn_core.video import Video


def static_loss(
    network: MaskRNN, batch: StaticBatch, options: StaticOptions | FinetuneOptions, compute: Compute
) -> BatchLoss:
    """Mask loss plus the weighted box loss of the localization net."""
    device = compute.device
    with compute.autocast():
        magnitudes = None if batch.magnitudes is None else batch.magnitudes.to(device)
        segmentation = network(batch.frame.to(device), batch.mask.to(device), magnitudes)
        target = batch.target.to(device)
        loss = mask_loss(segmentation.logits, target, options.balance, options.hardest)
        total = loss
        figures = {"mask_loss": loss, "J": mask_similarity(segmentation.logits, target)}
        if network.localization is not None:
            deltas = network.localization(segmentation.features, batch.proposals.to(device))
            regression = box_loss(deltas, batch.deltas.to(device), batch.valid.to(device))
            total = loss + options.localization_weight * regression
            before, after = box_ious(batch.proposals, deltas, batch.deltas, batch.valid)
            figures |= {"box_loss": regression, "proposal_iou": before, "box_iou": after}
    return BatchLoss(total, figures)


def train_static(
    network: MaskRNN,
    videos: Sequence[Video],
    options: StaticOptions,
    compute: Compute,
    recorder: Recorder,
    peers: Peers = ALONE,
) -> None:
    """Train the network in place on single frames with perturbed masks.

    Raises:
        InvalidInputError: the videos have no annotated object, or `peers` cannot share the batches.
        TrainingDivergedError: a loss is not finite.
    """
    samples = list_samples(videos)
    steps = options.steps
    if steps is None:
        per_step = options.batch_size * options.accumulate
        steps = math.ceil(options.epochs * len(samples) / per_step)

    def make_sample(position: int, output_size: tuple[int, int]) -> MaskedSample:
        rng = np.random.default_rng([options.seed, 1, position])
        sample, name = read_drawn(
            videos, samples, position, options.seed, with_flows=network.motion is not None
        )
        return vary(sample, name, rng, output_size, options)

    objective = static_objective(
        "static", network, steps, options, compute, make_sample, videos[0].size
    )
    optimise(network, objective, recorder, peers=peers, reading_threads=compute.reading_threads)


def static_objective(
    stage: str,
    network: MaskRNN,
    steps: int,
    options: StaticOptions | FinetuneOptions,
    compute: Compute,
    make_sample: Callable[[int, tuple[int, int]], MaskedSample],
    size: tuple[int, int],
) -> Objective[StaticBatch]:
    """The objective `static_loss` over batches of single frames, at first perhaps of small ones.

    Args:
        stage: name of the stage in the curve.
        network: the network to train.
        steps: number of optimizer steps.
        options: batch size, rates, weights of the losses, share of small frames.
        compute: device and precision.
        make_sample: returns the sample at a position of an endless sequence, always the same one,
            as a crop of a height and width.
        size: height and width of the frames.
    """
    schedule = replace(schedule_of(steps, options), coarse=round(options.coarse * steps))

    def make_batch(index: int) -> StaticBatch:
        part = schedule.side(index // options.accumulate)
        crop = crop_size(size, options.augmentation, part)
        positions = range(index * options.batch_size, (index + 1) * options.batch_size)
        return collate([make_sample(position, crop) for position in positions])

    return Objective(
        stage,
        schedule,
        make_batch,
        lambda batch: static_loss(network, batch, options, compute),
        lambda batch: "; ".join(batch.names),
        options.accumulate,
        options.optimizer,
    )


def schedule_of(steps: int, options: LearningOptions) -> Schedule:
    """Decay of the learning rate over the steps of a stage."""
    return Schedule(steps, options.learning_rate, options.final_learning_rate, options.decay_power)
