"""Stage of its own for a localization net that reads profiles: imitated answers alone teach it.

It needs no segmentation net. Beside one that is still learning, it would learn that answers tell
nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from maskrnn_core.compute import Compute
from maskrnn_core.networks import MaskRNN
from maskrnn_core.networks.localization import MASK_REGION
from maskrnn_core.options import StaticOptions
from maskrnn_core.samples.answers import imitated_answer
from maskrnn_core.samples.batches import StaticBatch, collate, crop_size, vary
from maskrnn_core.samples.reading import list_samples, read_drawn
from maskrnn_core.training.distributed import ALONE, Peers
from maskrnn_core.training.losses import BatchLoss, box_ious, box_loss
from maskrnn_core.training.optimisation import Objective, Schedule, frozen, optimise
from maskrnn_core.training.recorder import Recorder
from maskrnn_core.video import Video


@dataclass(frozen=True)
class AnsweredBatch:
    """Samples with imitated answers, on the CPU."""

    samples: StaticBatch
    answers: Tensor
    """(N, 1, H, W) float32 in [0, 1]."""


def train_localization(
    network: MaskRNN,
    videos: Sequence[Video],
    static: StaticOptions,
    compute: Compute,
    recorder: Recorder,
    peers: Peers = ALONE,
) -> None:
    """Train the localization net in place; the segmentation net neither runs nor changes.

    Args:
        network: with a localization net that reads profiles.
        videos: as in the static stage.
        static: its options `localization`, and how the static stage varies samples.
        compute: device and threads.
        recorder: records and saves the training.
        peers: the processes that share the training.

    Raises:
        InvalidInputError: the videos have no annotated object, or `peers` cannot share the batches.
        TrainingDivergedError: a loss is not finite.
    """
    options, net = static.localization, network.localization
    assert options is not None
    assert net is not None
    assert net.region == MASK_REGION, "a preset refuses other regions"
    samples, size = list_samples(videos), crop_size(videos[0].size, static.augmentation)

    def make_batch(index: int) -> AnsweredBatch:
        rng = np.random.default_rng([static.seed, 3, index])
        varied = []
        for position in range(index * options.batch_size, (index + 1) * options.batch_size):
            sample, name = read_drawn(videos, samples, position, static.seed, with_flows=False)
            varied.append(vary(sample, name, rng, size, static))
        answers = [imitated_answer(v.sample.target == 1, rng) for v in varied]
        return AnsweredBatch(collate(varied), torch.from_numpy(np.stack(answers)[:, None]))

    def loss_of(batch: AnsweredBatch) -> BatchLoss:
        seen, device = batch.samples, compute.device
        features = torch.cat((batch.answers, seen.mask), dim=1).to(device)
        deltas = net(features, seen.proposals.to(device))
        loss = box_loss(deltas, seen.deltas.to(device), seen.valid.to(device))
        before, after = box_ious(seen.proposals, deltas, seen.deltas, seen.valid)
        return BatchLoss(loss, {"box_loss": loss, "proposal_iou": before, "box_iou": after})

    objective = Objective(
        "localization",
        Schedule(options.steps, options.learning_rate, 0.0, static.decay_power),
        make_batch,
        loss_of,
        lambda batch: "; ".join(batch.samples.names),
        static.accumulate,
        options="static",
    )
    with frozen(network.appearance, network.motion, network.combine):
        optimise(network, objective, recorder, peers=peers, reading_threads=compute.reading_threads)
