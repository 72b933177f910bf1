"""Cutie as a preset of MaskRNN: one `InferenceCore` per video."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

UInt8Array = NDArray[np.uint8]


class CutieTracker:
    """Gives every frame to `InferenceCore.step`.

    Args:
        max_internal_size: short side at which Cutie works, in pixels; -1 keeps the frames' size.
        mem_every: frames from one memory to the next.
        device: "auto", "cpu" or "cuda".
    """

    def __init__(
        self, max_internal_size: int = 480, mem_every: int = 5, device: str = "auto"
    ) -> None:
        self._size, self._mem_every, self._device = max_internal_size, mem_every, device
        self._core: Any = None

    @property
    def digest(self) -> str:
        try:
            return f"cutie 1, {version('cutie')}"
        except PackageNotFoundError:
            return "cutie 1"

    def step(self, frame: UInt8Array, mask: UInt8Array | None = None) -> UInt8Array:
        import torch

        if self._core is None:
            self._load()
        image = torch.from_numpy(frame).to(self._used).permute(2, 0, 1).float() / 255
        with torch.inference_mode():
            if mask is None:
                probability = self._core.step(image)
            else:
                labels = torch.from_numpy(mask.astype(np.int64)).to(self._used)
                ids = [int(i) for i in np.unique(mask) if i]
                probability = self._core.step(image, labels, objects=ids)
            found = self._core.output_prob_to_mask(probability)
        return np.asarray(found.cpu().numpy(), np.uint8)

    def _load(self) -> None:
        import torch
        from cutie.inference.inference_core import InferenceCore
        from cutie.utils.get_default_model import get_default_model

        cuda = torch.cuda.is_available() and self._device != "cpu"
        self._used = "cuda" if cuda else "cpu"
        network = get_default_model().to(self._used)
        self._core = InferenceCore(network, cfg=network.cfg)
        self._core.max_internal_size = self._size
        self._core.mem_every = self._mem_every
