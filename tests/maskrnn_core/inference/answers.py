"""A network whose outputs the test sets."""

import torch
from torch import Tensor, nn

from maskrnn_core.networks.maskrnn import MaskRNN, Segmentation


class Answers(MaskRNN):
    """Returns a prepared probability and prepared box deltas."""

    def __init__(self, probability: Tensor, deltas: list[float] | None = None) -> None:
        super().__init__(nn.Identity(), None, None)  # type: ignore[arg-type]
        self.probability = probability
        self.masks: list[Tensor] = []
        if deltas is not None:
            self.localization = lambda features, proposals: torch.tensor([deltas])  # type: ignore[assignment]

    def forward(self, frame: Tensor, mask: Tensor, magnitudes: Tensor | None) -> Segmentation:
        self.masks.append(mask)
        logits = torch.logit(self.probability.clamp(1e-6, 1 - 1e-6))[None, None]
        return Segmentation(logits, torch.zeros(1, 4, 2, 3))
