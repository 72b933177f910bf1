"""FlowNet2 as an estimator (`FlowEstimator`)."""

import torch

from maskrnn_core.compute import Compute
from maskrnn_core.digest import stable_digest, weights_digest
from maskrnn_core.optical_flow.batching import affordable_pairs
from maskrnn_core.optical_flow.estimator import check_pair, check_sequence
from maskrnn_core.optical_flow.flownet2.network import FlowNetwork
from maskrnn_core.optical_flow.flownet2.pairs import MULTIPLE
from maskrnn_core.optical_flow.tensors import flow_array, flow_pairs, frames_tensor
from maskrnn_core.video import FloatArray, UInt8Array


class FlowNet2Estimator:
    """A network of the FlowNet2 family on uint8 frames, both directions as one batch.

    `compute.bfloat16` converts the weights to bfloat16. FlowNet2's flow then changes by 0.03 px on
    average and 0.16 px at most (measured for fields of 2 px on average and 12 px at most; a test
    keeps it under 0.05 and 0.25 px).

    Args:
        network: with its weights. It is moved to the device, and its layout changes in place.
        compute: device and precision.
    """

    def __init__(self, network: FlowNetwork, compute: Compute) -> None:
        self.name = type(network).__name__.lower()
        dtype = torch.bfloat16 if compute.bfloat16 else torch.float32
        self.digest = stable_digest(
            {
                "estimator": self.name,
                "weights": weights_digest(network.state_dict()),
                "align_corners": network.align_corners,
                "border": network.border,
                "precision": str(dtype),
            }
        )
        self._device = compute.device
        self._network = network.eval().requires_grad_(False)
        self._network.to(device=compute.device, dtype=dtype)
        self._network.to(memory_format=torch.channels_last)

    def estimate(self, frame1: UInt8Array, frame2: UInt8Array) -> FloatArray:
        """flow[frame1 -> frame2], float32 (H, W, 2), pixels; see `FlowEstimator`."""
        check_pair(frame1, frame2)
        with torch.inference_mode():
            batch = frames_tensor([frame1, frame2], self._device)
            flow = self._network(batch[:1], batch[1:])
        return flow_array(flow[0])

    def estimate_both(
        self, frame1: UInt8Array, frame2: UInt8Array
    ) -> tuple[FloatArray, FloatArray]:
        """flow[frame1 -> frame2] and flow[frame2 -> frame1]; see `FlowEstimator`."""
        return self.estimate_neighbours([frame1, frame2])[0]

    def estimate_neighbours(self, frames: list[UInt8Array]) -> list[tuple[FloatArray, FloatArray]]:
        """Both directions of every two neighbours as one batch; see `BatchedFlowEstimator`."""
        check_sequence(frames)
        with torch.inference_mode():
            batch = frames_tensor(frames, self._device)
            forward, backward = self._network.both(batch[:-1], batch[1:])
        return flow_pairs(forward, backward)

    def pairs_at_once(self, size: tuple[int, int]) -> int:
        """Pairs that fit the memory; see `BatchedFlowEstimator`."""
        height, width = (-(-side // MULTIPLE) * MULTIPLE for side in size)
        per_pixel = self._network.bytes_per_pixel
        return affordable_pairs(per_pixel * height * width, self._device)
