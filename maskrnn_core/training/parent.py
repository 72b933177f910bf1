"""Offline training of the parent network: static stage, then recurrent stage (section 4)."""

from collections.abc import Sequence

import torch

from maskrnn_core.compute import resolve_compute
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.networks import build_network, load_weights, weights_of
from maskrnn_core.networks.weights import Weights
from maskrnn_core.options import ComputeOptions, Preset
from maskrnn_core.training.curve import OnStep, TrainedNetwork
from maskrnn_core.training.distributed import ALONE, Peers
from maskrnn_core.training.localization import train_localization
from maskrnn_core.training.recorder import Recorder, TrainingStates
from maskrnn_core.training.recurrent import train_recurrent
from maskrnn_core.training.static import train_static
from maskrnn_core.video import Video


def train_parent(
    videos: Sequence[Video],
    preset: Preset,
    compute: ComputeOptions,
    initial: Weights | None = None,
    on_step: OnStep | None = None,
    states: TrainingStates | None = None,
    peers: Peers = ALONE,
) -> TrainedNetwork:
    """Train a network for a preset on fully annotated videos.

    Args:
        videos: the train split; frames, label maps and flow are read when they are needed.
        preset: options of the stages; a stage that is None is skipped.
        compute: device, precision, threads.
        initial: weights to start from. None: Kaiming's, drawn from the seed of the static stage.
        on_step: called after each optimizer step.
        states: where the training is saved from time to time, and resumed from. On the CPU, with
            the same number of threads, a resumed training ends with the same weights, bit for bit,
            as an undisturbed one.
        peers: the processes that share the training; each gets the same videos and weights.

    Raises:
        InvalidInputError: the preset has no network, the videos have no object, or `peers` cannot
            share the batches of a step.
        IncompatibleWeightsError: `initial` belongs to another network.
        TrainingDivergedError: a loss is not finite.
    """
    if preset.network is None:
        raise InvalidInputError(f"preset {preset.name} has no network to train")
    torch.manual_seed(preset.static.seed if preset.static is not None else 0)
    resolved = resolve_compute(compute)
    network = build_network(preset.network)
    if initial is not None:
        load_weights(network, initial)
    network.arrange(resolved.training_layout)
    network.to(resolved.device).train()
    recorder = Recorder(network, on_step, states, writes=peers.rank == 0)
    if preset.static is not None:
        if network.localization is not None and preset.static.localization is not None:
            train_localization(network, videos, preset.static, resolved, recorder, peers)
        train_static(network, videos, preset.static, resolved, recorder, peers)
    if preset.recurrent is not None:
        warped = preset.network.mask_input == "warped"
        train_recurrent(
            network, videos, preset.recurrent, resolved, recorder, peers, warp_mask=warped
        )
    return TrainedNetwork(weights_of(network), recorder.curve)
