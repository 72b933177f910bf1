"""FlowNet2 behind the protocol of all estimators."""

import torch
from torch import Tensor

from maskrnn_core.compute import Compute
from maskrnn_core.digest import stable_digest
from maskrnn_core.optical_flow.estimator import check_pair
from maskrnn_core.optical_flow.flownet2.network import FlowNetwork
from maskrnn_core.optical_flow.tensors import flow_array, frame_tensor
from maskrnn_core.optical_flow.weight_files import weights_digest
from maskrnn_core.video import FloatArray, UInt8Array


class FlowNet2Estimator:
    """A network of the FlowNet2 family on uint8 frames, both directions as one batch.

    `compute.bfloat16` turns the weights into bfloat16. FlowNet2's flow then moves by 0.03 px on
    average and 0.16 px at most (measured for fields of 2 px on average and 12 px at most; a test
    holds it under 0.05 and 0.25 px).

    Args:
        network: with its weights; it is moved to the device and its layout changed in place.
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
            flow = self._network(*self._tensors(frame1, frame2))
        return flow_array(flow)

    def estimate_both(
        self, frame1: UInt8Array, frame2: UInt8Array
    ) -> tuple[FloatArray, FloatArray]:
        """flow[frame1 -> frame2] and flow[frame2 -> frame1]; see `FlowEstimator`."""
        check_pair(frame1, frame2)
        with torch.inference_mode():
            forward, backward = self._network.both(*self._tensors(frame1, frame2))
        return flow_array(forward), flow_array(backward)

    def _tensors(self, frame1: UInt8Array, frame2: UInt8Array) -> tuple[Tensor, Tensor]:
        return frame_tensor(frame1, self._device), frame_tensor(frame2, self._device)
