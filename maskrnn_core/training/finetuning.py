"""Online finetuning of both nets on the frames whose masks of an object are given (section 4)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch

from maskrnn_core.compute import resolve_compute
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.geometry.enlargement import enlargement
from maskrnn_core.networks import build_network, load_weights, weights_of
from maskrnn_core.networks.weights import Weights
from maskrnn_core.options import ComputeOptions, FinetuneOptions, Preset
from maskrnn_core.samples.augmentation import FrameSample
from maskrnn_core.samples.batches import MaskedSample, vary
from maskrnn_core.samples.disguise import disguised
from maskrnn_core.samples.dreaming import Dreamer
from maskrnn_core.samples.reading import read_sample
from maskrnn_core.training.curve import CurvePoint, OnStep, TrainedNetwork
from maskrnn_core.training.optimisation import frozen, optimise
from maskrnn_core.training.recorder import Recorder
from maskrnn_core.training.static import static_objective
from maskrnn_core.video import Video

MOST_FRAMES = 16
"""How many frames finetuning holds; of more, so many are chosen, evenly spread."""


def finetune(
    video: Video,
    object_id: int,
    weights: Weights,
    preset: Preset,
    compute: ComputeOptions,
    on_step: OnStep | None = None,
    frames: Sequence[int] | None = None,
) -> TrainedNetwork:
    """Adapt the parent network to one object; no recurrence, single frames are all there is.

    Args:
        video: the video; only `frames` are read.
        object_id: label of the object.
        weights: the parent's, or those of an earlier finetuning.
        preset: with a network and finetuning options.
        compute: device, precision, threads.
        on_step: called after each iteration.
        frames: indices of the frames whose masks of the object are given; None: the object's first
            annotated frame alone.

    Raises:
        InvalidInputError: the preset has no network or no finetuning, the video no such object, or
            the object no pixel in a frame.
        IncompatibleWeightsError: weights of another network.
        TrainingDivergedError: a loss that is not finite.
    """
    if object_id not in video.objects:
        known = ", ".join(map(str, video.objects)) or "none"
        raise InvalidInputError(
            f"{video.name} has no object {object_id} (it has {known}); choose one of its objects"
        )
    given = [video.first_frame(object_id)] if frames is None else spread(frames, MOST_FRAMES)
    samples = {
        f"{video.name}, frame {index}, object {object_id}": read_sample(
            video, index, object_id, with_flows=preset.reads_flow
        )
        for index in given
    }
    return finetune_on(samples, object_id, weights, preset, compute, on_step)


def finetune_on(
    samples: Mapping[str, FrameSample],
    object_id: int,
    weights: Weights,
    preset: Preset,
    compute: ComputeOptions,
    on_step: OnStep | None = None,
) -> TrainedNetwork:
    """As `finetune`, from samples that were read already: one or more, by a name for errors.

    Each iteration draws one of them; all have the same chance.
    """
    if preset.network is None or preset.finetune is None:
        raise InvalidInputError(f"preset {preset.name} has nothing to finetune")
    options = preset.finetune
    for name, sample in samples.items():
        if not (sample.target == 1).any():
            raise InvalidInputError(f"{name}: no pixel of the object; give a mask that shows it")
    named = list(samples.items())
    size = (named[0][1].target.shape[0], named[0][1].target.shape[1])

    torch.manual_seed(options.seed)
    resolved = resolve_compute(compute)
    network = build_network(preset.network)
    load_weights(network, weights)
    network.arrange(resolved.training_layout)
    network.to(resolved.device).train()
    dream = options.dream
    shown = [_enlarged(options, sample) for _, sample in named]
    dreamers = [] if dream is None else [Dreamer(sample, dream) for _, sample in named]

    def make_sample(position: int, output_size: tuple[int, int]) -> MaskedSample:
        rng = np.random.default_rng([options.seed, object_id, position])
        # One sample takes no number, so that its results are those of before there were several.
        place = int(rng.integers(len(named))) if len(named) > 1 else 0
        name, source = named[place]
        if dream is not None and rng.random() < dream.share:
            source = dreamers[place].draw(rng)
        varied = vary(source, name, rng, output_size, shown[place])
        # Chance is asked only where it matters: the draws of other options stay as they were.
        if options.disguise > 0 and rng.random() < options.disguise:
            return disguised(varied, rng)
        return varied

    objective = static_objective(
        "finetune", network, options.iterations, options, resolved, make_sample, size
    )
    recorder = Recorder(network, on_step)
    early = [block for s in network.streams for block in s.vgg.blocks(options.frozen_blocks)]
    with frozen(*early):
        optimise(
            network,
            objective,
            recorder,
            reading_threads=resolved.reading_threads,
            is_enough=on_plateau(options.patience),
        )
    return TrainedNetwork(weights_of(network), recorder.curve)


def _enlarged(options: FinetuneOptions, sample: FrameSample) -> FinetuneOptions:
    """The options, with the scales at which the object of a sample is shown."""
    factor = enlargement(float((sample.target == 1).sum()), options.smallest_side)
    low, high = options.augmentation.scale
    scales = replace(options.augmentation, scale=(factor * low, factor * high))
    return replace(options, augmentation=scales)


def spread(frames: Sequence[int], most: int) -> list[int]:
    """At most so many of the frames, evenly spread, with the first and the last; ascending.

    Raises:
        InvalidInputError: there is no frame.
    """
    if not frames:
        raise InvalidInputError("no frame with a mask is given; give one or more")
    ordered = sorted(set(frames))
    places = np.linspace(0, len(ordered) - 1, min(most, len(ordered))).round().astype(int)
    return [ordered[place] for place in places.tolist()]


def on_plateau(patience: int | None) -> Callable[[Sequence[CurvePoint]], bool]:
    """Whether the mean loss of the last `patience` steps is no lower than the lowest mean of the
    windows before; looked at when a window is full, and never where `patience` is None."""

    def is_enough(curve: Sequence[CurvePoint]) -> bool:
        if patience is None or len(curve) % patience or len(curve) < 2 * patience:
            return False
        losses = np.array([point.loss for point in curve]).reshape(-1, patience).mean(axis=1)
        return bool(losses[-1] >= losses[:-1].min())

    return is_enough
