"""What a tracker computes with: tensors on a device, or NumPy arrays where no network is used."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.geometry.array_sampling import resize_array
from maskrnn_core.inference.state import ProbabilityMap
from maskrnn_core.video import FloatArray, UInt8Array

if TYPE_CHECKING:
    import torch


class Backend(Protocol):
    """Makes the inputs of `ObjectTracker.step`."""

    def put(self, array: NDArray[Any]) -> Any:
        """An array for computing, which may share its memory."""
        ...

    def inputs(
        self, frame: UInt8Array, backward: FloatArray | None, forward: FloatArray | None
    ) -> tuple[Any, Any, Any]:
        """Frame, backward flow or None, and flow magnitudes or None, as the trackers take them."""
        ...

    def inference(self) -> AbstractContextManager[object]:
        """Context in which a step runs."""
        ...


class ArrayBackend:
    """NumPy arrays as they come: for trackers that only carry masks. Loads no torch."""

    def put(self, array: NDArray[Any]) -> NDArray[Any]:
        return array

    def inputs(
        self, frame: UInt8Array, backward: FloatArray | None, forward: FloatArray | None
    ) -> tuple[Any, Any, Any]:
        return frame, backward, None

    def inference(self) -> AbstractContextManager[object]:
        return nullcontext()


class TensorBackend:
    """Tensors (1, C, H, W) on a device, for networks.

    Args:
        device: where the networks are.
        with_magnitudes: whether they read flow; otherwise no magnitudes are computed.
    """

    def __init__(self, device: "torch.device", *, with_magnitudes: bool) -> None:
        self._device = device
        self._with_magnitudes = with_magnitudes

    def put(self, array: NDArray[Any]) -> "torch.Tensor":
        import torch

        return torch.from_numpy(array).to(self._device)

    def inputs(
        self, frame: UInt8Array, backward: FloatArray | None, forward: FloatArray | None
    ) -> tuple[Any, Any, Any]:
        import torch

        image = self.put(frame).permute(2, 0, 1)[None].float()
        flow = self._flow(backward)
        if not self._with_magnitudes:
            return image, flow, None
        ahead = self._flow(forward)
        magnitudes = torch.cat([self._magnitude(item, image) for item in (flow, ahead)], dim=1)
        return image, flow, magnitudes

    def inference(self) -> AbstractContextManager[object]:
        import torch

        return torch.inference_mode()

    def _flow(self, flow: FloatArray | None) -> "torch.Tensor | None":
        return None if flow is None else self.put(flow).permute(2, 0, 1)[None].float()

    def _magnitude(self, flow: "torch.Tensor | None", image: "torch.Tensor") -> "torch.Tensor":
        from maskrnn_core.networks.inputs import flow_magnitude

        if flow is None:
            return image.new_zeros(image[:, :1].shape)
        return flow_magnitude(flow, image.shape[-1])


def at_size(probability: ProbabilityMap, size: tuple[int, int]) -> ProbabilityMap:
    """A probability map at another size (height, width)."""
    if tuple(probability.shape) == size:
        return probability
    if isinstance(probability, np.ndarray):
        return resize_array(probability, size)
    from torch.nn import functional

    grown = functional.interpolate(
        probability[None, None], size, mode="bilinear", align_corners=False
    )
    return grown[0, 0]
