"""Frame pairs as input of the networks."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow.resizing import enlarge

MULTIPLE = 64
"""The networks halve the size six times."""


@dataclass(frozen=True)
class FramePairs:
    """Distinct frames and the pairs that they form, so that no frame is encoded twice.

    `frames` is (2n, 3, H, W): n first frames, then their n partners. There are n pairs from first
    to partner. With `both`, n pairs from partner to first follow.
    """

    frames: Tensor
    both: bool

    @classmethod
    def normalized(cls, frame1: Tensor, frame2: Tensor, *, both: bool) -> Self:
        """Pairs of RGB frames in [0, 255], enlarged to multiples of 64 and normalised.

        The mean per pair and channel, over both frames, is subtracted and the rest divided by 255.
        Both directions of a pair therefore share the normalised frames.

        Raises:
            InvalidInputError: the frames are not floating (N, 3, H, W) of one shape, or are empty.
        """
        _check(frame1, frame2)
        frames = enlarge(torch.cat((frame1, frame2)), MULTIPLE).contiguous()
        size = frames.shape[2:]
        frames = frames.view(2, -1, 3, *size)
        mean = frames.mean(dim=(0, 3, 4), keepdim=True)
        frames = ((frames - mean) / 255).view(-1, 3, *size)
        return cls(frames.contiguous(memory_format=torch.channels_last), both)

    @property
    def first(self) -> Tensor:
        """The frame that each pair starts from."""
        return self.starts(self.frames)

    @property
    def second(self) -> Tensor:
        """The frame that each pair's flow points into."""
        return self.ends(self.frames)

    def starts(self, values: Tensor) -> Tensor:
        """Select, from values per frame, those of the first frame of each pair."""
        return values if self.both else values[: len(values) // 2]

    def ends(self, values: Tensor) -> Tensor:
        """Select, from values per frame, those of the second frame of each pair."""
        half = len(values) // 2
        return torch.cat((values[half:], values[:half])) if self.both else values[half:]


def _check(frame1: Tensor, frame2: Tensor) -> None:
    if frame1.shape != frame2.shape or frame1.dim() != 4 or frame1.shape[1] != 3:
        raise InvalidInputError(
            f"the two frames must be (N, 3, H, W) of one shape, "
            f"not {tuple(frame1.shape)} and {tuple(frame2.shape)}"
        )
    if frame1.numel() == 0:
        raise InvalidInputError(f"frames of shape {tuple(frame1.shape)} have no pixels")
    if not (frame1.is_floating_point() and frame2.is_floating_point()):
        raise InvalidInputError(
            f"the frames must be floating point in [0, 255], not {frame1.dtype} and {frame2.dtype}"
        )
