"""A small generated scene, its flow by DIS, and an untrained network."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from maskrnn_core.networks import build_network, weights_of
from maskrnn_core.optical_flow.registry import build_estimator
from maskrnn_core.options import ComputeOptions, FinetuneOptions, NetworkOptions, Preset
from maskrnn_core.presets import preset
from maskrnn_core.synthetic import SyntheticOptions, SyntheticVideo, synthetic_videos
from maskrnn_core.video import FloatArray, UInt8Array

CPU = ComputeOptions(device="cpu", precision="float32", threads=1)
DIS = build_estimator("dis")
NETWORK = NetworkOptions(width=0.125, norm="group", fc_width=16)
TINY = Preset(
    name="tiny",
    network=NETWORK,
    finetune=FinetuneOptions(iterations=2, learning_rate=1e-3, balance="none"),
)
PROPAGATE = preset("propagate")
UNTUNED = replace(TINY, finetune=None)


def parent() -> dict[str, Any]:
    """Weights of an untrained network of `TINY`."""
    torch.manual_seed(0)
    return weights_of(build_network(NETWORK))


class SceneWithDIS:
    """A generated video of two objects, with estimated in place of exact flow."""

    def __init__(self, frames: int = 5) -> None:
        options = SyntheticOptions(
            size=(48, 64), videos_val=1, frames_val=frames, object_counts=(2,)
        )
        self._video: SyntheticVideo = synthetic_videos("val", options)[0]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._video, name)

    @property
    def frames(self) -> UInt8Array:
        """All frames, (T, H, W, 3)."""
        return np.stack([self._video.frame(i) for i in range(self._video.frame_count)])

    def backward_flow(self, index: int) -> FloatArray | None:
        return self._flow(index, index - 1)

    def forward_flow(self, index: int) -> FloatArray | None:
        return self._flow(index, index + 1)

    def _flow(self, index: int, other: int) -> FloatArray | None:
        if not 0 <= other < self._video.frame_count:
            return None
        return DIS.estimate(self._video.frame(index), self._video.frame(other))
