"""torchvision's RAFT (Teed and Deng, ECCV 2020) as an estimator (`FlowEstimator`)."""

import math
from collections.abc import Mapping
from typing import IO, Literal, Self

import torch
from torch import Tensor, nn
from torchvision.models import optical_flow as models

from maskrnn_core.compute import Compute
from maskrnn_core.digest import stable_digest, weights_digest
from maskrnn_core.errors import IncompatibleWeightsError, InvalidInputError
from maskrnn_core.optical_flow.batching import affordable_pairs
from maskrnn_core.optical_flow.estimator import check_sequence
from maskrnn_core.optical_flow.resizing import enlarge, resize_flow
from maskrnn_core.optical_flow.tensors import flow_array, flow_pairs, frames_tensor
from maskrnn_core.optical_flow.weight_files import checked_weights, read_weights
from maskrnn_core.state_mismatch import state_mismatches
from maskrnn_core.video import FloatArray, UInt8Array

RAFTSize = Literal["small", "large"]

_MULTIPLE = 8
_BYTES_PER_PIXEL: dict[RAFTSize, int] = {"small": 950, "large": 1450}
"""For both directions of a pair, without the weights and the cost volume; measured on a CPU."""

_SMALLEST = 128
"""The coarsest level of the cost volume, 1/64 of the size, needs two pixels per side."""


class RAFT:
    """RAFT small or large in float32, both directions as one batch.

    Frames are enlarged to multiples of 8 and at least 128 pixels per side; flow is scaled back per
    axis.

    Args:
        size: "small" or "large".
        weights: state_dict of `torchvision.models.optical_flow.raft_small` or `raft_large`.
        compute: device; the precision is always float32, which the cost volume needs.
        updates: number of refinements of the flow, 12 as in torchvision.

    Raises:
        InvalidInputError: the size is unknown, or there is no update.
        IncompatibleWeightsError: the weights belong to another network, or are not finite.
    """

    def __init__(
        self,
        size: RAFTSize,
        weights: Mapping[str, object],
        compute: Compute,
        *,
        updates: int = 12,
    ) -> None:
        if updates < 1:
            raise InvalidInputError(f"RAFT takes 1 update or more, not {updates}")
        tensors = checked_weights(weights)
        self.name = f"raft-{size}"
        self.digest = stable_digest(
            {"estimator": self.name, "updates": updates, "weights": weights_digest(tensors)}
        )
        self._size = size
        self._updates = updates
        self._device = compute.device
        self._network = _network(size, tensors)
        self._network.to(device=compute.device)
        self._network.to(memory_format=torch.channels_last)

    @classmethod
    def load(cls, size: RAFTSize, source: bytes | IO[bytes], compute: Compute) -> Self:
        """Load from the bytes of a checkpoint, or an open binary file (torch or safetensors).

        Raises:
            IncompatibleWeightsError: as the constructor, or the file is damaged.
        """
        return cls(size, read_weights(source), compute)

    @classmethod
    def pretrained(cls, size: RAFTSize, compute: Compute) -> Self:
        """Load torchvision's published weights, from its cache or from the network.

        Raises:
            InvalidInputError: the size is unknown.
            OSError: the weights are not in torch's cache and cannot be fetched.
        """
        _empty(size)
        weights = (
            models.Raft_Small_Weights.DEFAULT
            if size == "small"
            else models.Raft_Large_Weights.DEFAULT
        )
        return cls(size, weights.get_state_dict(progress=False, check_hash=True), compute)

    def estimate(self, frame1: UInt8Array, frame2: UInt8Array) -> FloatArray:
        """flow[frame1 -> frame2], float32 (H, W, 2), pixels; see `FlowEstimator`."""
        frames = self._prepared([frame1, frame2])
        return flow_array(self._flow(frames[:1], frames[1:], frame1)[0])

    def estimate_both(
        self, frame1: UInt8Array, frame2: UInt8Array
    ) -> tuple[FloatArray, FloatArray]:
        """flow[frame1 -> frame2] and flow[frame2 -> frame1]; see `FlowEstimator`."""
        return self.estimate_neighbours([frame1, frame2])[0]

    def estimate_neighbours(self, frames: list[UInt8Array]) -> list[tuple[FloatArray, FloatArray]]:
        """Both directions of every two neighbours as one batch; see `BatchedFlowEstimator`."""
        prepared = self._prepared(frames)
        starts, ends = prepared[:-1], prepared[1:]
        flow = self._flow(torch.cat((starts, ends)), torch.cat((ends, starts)), frames[0])
        forward, backward = flow.chunk(2)
        return flow_pairs(forward, backward)

    def pairs_at_once(self, size: tuple[int, int]) -> int:
        """Pairs that fit the memory; see `BatchedFlowEstimator`."""
        pixels = math.prod(max(-(-side // _MULTIPLE) * _MULTIPLE, _SMALLEST) for side in size)
        # The cost volume compares every two pixels at an eighth of the size, on four levels.
        volume = 2 * 4 * 4 / 3 * (pixels / _MULTIPLE**2) ** 2
        return affordable_pairs(_BYTES_PER_PIXEL[self._size] * pixels + volume, self._device)

    def _prepared(self, frames: list[UInt8Array]) -> Tensor:
        """(N, 3, H, W) in [-1, 1], at a size that RAFT supports."""
        check_sequence(frames)
        batch = frames_tensor(frames, self._device)
        batch = enlarge(batch / 127.5 - 1, _MULTIPLE, smallest=_SMALLEST)
        return batch.contiguous(memory_format=torch.channels_last)

    def _flow(self, first: Tensor, second: Tensor, like: UInt8Array) -> Tensor:
        with torch.inference_mode():
            flow: Tensor = self._network(first, second, num_flow_updates=self._updates)[-1]
        # torchvision's module keeps the cost volume of its last call: 440 MB at 480x854.
        self._network.corr_block.corr_pyramid = []
        return resize_flow(flow, (like.shape[0], like.shape[1]))


class _EachFrameOnce(nn.Module):
    """RAFT's feature encoder for frames A, B, B, A; it encodes each frame once."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, frames: Tensor) -> Tensor:
        if len(frames) % 4:  # one direction of one pair
            return self._encoded(frames)
        there, back = self._encoded(frames[: len(frames) // 2]).chunk(2)
        return torch.cat((there, back, back, there))

    def _encoded(self, frames: Tensor) -> Tensor:
        features: Tensor = self.encoder(frames)
        return features


def _network(size: RAFTSize, weights: Mapping[str, Tensor]) -> models.RAFT:
    network = _empty(size)
    problems = state_mismatches(network.state_dict(), weights)
    if problems:
        raise IncompatibleWeightsError(
            f"the weights do not fit RAFT {size} ({len(problems)} problems): "
            + "; ".join(problems[:3])
            + f"; give a state_dict of torchvision's raft_{size}"
        )
    network.load_state_dict(weights)
    network.feature_encoder = _EachFrameOnce(network.feature_encoder)
    return network.eval().requires_grad_(False)


def _empty(size: RAFTSize) -> models.RAFT:
    if size not in ("small", "large"):
        raise InvalidInputError(f"unknown RAFT size {size!r}: choose small or large")
    return models.raft_small() if size == "small" else models.raft_large()
