"""Online finetuning of both nets on an object's first annotated frame (section 4)."""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from maskrnn_core.compute import resolve_compute
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.networks import build_network, load_weights, weights_of
from maskrnn_core.networks.weights import Weights
from maskrnn_core.options import ComputeOptions, Preset
from maskrnn_core.training.batches import MaskedSample, crop_size, vary
from maskrnn_core.training.curve import CurvePoint, OnStep, TrainedNetwork
from maskrnn_core.training.dreaming import Dreamer
from maskrnn_core.training.optimisation import frozen, optimise
from maskrnn_core.training.recorder import Recorder
from maskrnn_core.training.samples import read_sample
from maskrnn_core.training.static import static_objective
from maskrnn_core.video import Video


def finetune(
    video: Video,
    object_id: int,
    weights: Weights,
    preset: Preset,
    compute: ComputeOptions,
    on_step: OnStep | None = None,
) -> TrainedNetwork:
    """Adapt the parent network to one object; no recurrence, one frame is all there is.

    Args:
        video: the video; only the object's first annotated frame is read.
        object_id: label of the object.
        weights: the parent's.
        preset: with a network and finetuning options.
        compute: device, precision, threads.
        on_step: called after each iteration.

    Raises:
        InvalidInputError: the preset has no network or no finetuning, the video no such object, or
            the object no pixel.
        IncompatibleWeightsError: weights of another network.
        TrainingDivergedError: a loss that is not finite.
    """
    if preset.network is None or preset.finetune is None:
        raise InvalidInputError(f"preset {preset.name} has nothing to finetune")
    options = preset.finetune
    if object_id not in video.objects:
        known = ", ".join(map(str, video.objects)) or "none"
        raise InvalidInputError(
            f"{video.name} has no object {object_id} (it has {known}); choose one of its objects"
        )
    index = video.first_frame(object_id)
    sample = read_sample(video, index, object_id)
    name = f"{video.name}, frame {index}, object {object_id}"
    if not (sample.target == 1).any():
        raise InvalidInputError(f"{name}: no pixel of the object; give a first mask that shows it")

    torch.manual_seed(options.seed)
    resolved = resolve_compute(compute)
    network = build_network(preset.network)
    load_weights(network, weights)
    network.arrange(resolved.training_layout)
    network.to(resolved.device).train()
    output_size = crop_size(video.size, options.augmentation)
    dream = options.dream
    dreamer = None if dream is None else Dreamer(sample, dream)

    def make_sample(position: int) -> MaskedSample:
        rng = np.random.default_rng([options.seed, object_id, position])
        source = sample
        if dream is not None and dreamer is not None and rng.random() < dream.share:
            source = dreamer.draw(rng)
        return vary(source, name, rng, output_size, options)

    objective = static_objective(
        "finetune", network, options.iterations, options, resolved, make_sample, video.size[1]
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


def on_plateau(patience: int | None) -> Callable[[Sequence[CurvePoint]], bool]:
    """Whether the mean loss of the last `patience` steps is no lower than the lowest mean of the
    windows before; looked at when a window is full, and never where `patience` is None."""

    def is_enough(curve: Sequence[CurvePoint]) -> bool:
        if patience is None or len(curve) % patience or len(curve) < 2 * patience:
            return False
        losses = np.array([point.loss for point in curve]).reshape(-1, patience).mean(axis=1)
        return bool(losses[-1] >= losses[:-1].min())

    return is_enough
