"""How a network reads a part of a frame: its window, the scale, mirrored as well."""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from maskrnn_core.compute import Compute
from maskrnn_core.geometry.boxes import Box, clip_box, decode_box
from maskrnn_core.geometry.enlargement import LARGEST_FACTOR, enlargement
from maskrnn_core.inference.continuity import Window, continuity_box, window_of
from maskrnn_core.inference.state import ObjectFrame
from maskrnn_core.networks import MaskRNN, Segmentation
from maskrnn_core.options import InferenceOptions


class NetworkReader:
    """Asks one object's network, by the options of inference.

    Args:
        network: in evaluation mode, on the device of `compute`.
        options: window, scales, flips.
        compute: device and precision.
        smallest_side: of finetuning (`FinetuneOptions`).
    """

    def __init__(
        self,
        network: MaskRNN,
        options: InferenceOptions,
        compute: Compute,
        smallest_side: float | None = None,
    ) -> None:
        self._network = network
        self._options = options
        self._compute = compute
        self._smallest_side = smallest_side

    def window(self, proposal: Box | None, size: tuple[int, int]) -> Window:
        """What is read of a frame (height, width), by the box of the warped mask, if it has one."""
        margin, scale = self._options.window_margin, self._options.mask_box_scale
        if proposal is None or margin is None or scale is None:
            return slice(0, size[0]), slice(0, size[1])
        return window_of(continuity_box(proposal, scale, size), margin, size)

    def factor(self, known: ObjectFrame, area: float, *, searching: bool = False) -> float:
        """By how much to resize what is read, for an object of an area in pixels: at most 2.

        Searching, it is at most what the given mask asks for: little of the object is in sight.
        """
        given = enlargement(known.given_area, self._smallest_side)
        change = self._change(known, area)
        return min(given * (min(change, 1.0) if searching else change), LARGEST_FACTOR)

    def _change(self, known: ObjectFrame, area: float) -> float:
        """Factor that brings an object of an area back to a size that finetuning has shown."""
        wanted, given_area = self._options.scale_range, known.given_area
        if wanted is None or not given_area or self._network.localization is not None:
            return 1.0
        area = max(area, known.seen_area)
        if not area:
            return 1.0
        scale = math.sqrt(area / given_area)
        return min(max(scale, wanted[0]), wanted[1]) / scale

    def read(
        self, factor: float, frame: Tensor, mask: Tensor, magnitudes: Tensor | None
    ) -> Segmentation:
        """What the network says of frame, mask and magnitudes (1, C, H, W), resized by a factor.

        Magnitudes are None for a network without a flow stream.
        """
        if factor == 1:
            return self._read(frame, mask, magnitudes)
        height, width = frame.shape[-2:]
        size = [max(round(side * factor), 1) for side in (height, width)]

        def resized(part: Tensor) -> Tensor:
            return interpolate(part, size, mode="bilinear", antialias=True)

        lengths = None if magnitudes is None else resized(magnitudes)
        segmentation = self._read(resized(frame), resized(mask), lengths)
        logits = interpolate(segmentation.logits, (height, width), mode="bilinear")
        return segmentation._replace(logits=logits)

    def _read(self, frame: Tensor, mask: Tensor, magnitudes: Tensor | None) -> Segmentation:
        with self._compute.autocast():
            segmentation: Segmentation = self._network(frame, mask, magnitudes)
            if not self._options.flip:
                return segmentation
            lengths = None if magnitudes is None else magnitudes.flip(-1)
            mirrored: Segmentation = self._network(frame.flip(-1), mask.flip(-1), lengths)
        logits = (segmentation.logits + mirrored.logits.flip(-1)) / 2
        return segmentation._replace(logits=logits)

    def localize(self, features: Tensor, proposal: Box, window: Window) -> Box | None:
        """The regressed box of a proposal, in the frame's pixels.

        None without a localization net, or where the box leaves what was read.

        Args:
            features: of the window.
            proposal: in the frame's pixels.
            window: what was read.
        """
        if self._network.localization is None:
            return None
        corner = np.array([window[1].start, window[0].start] * 2, dtype=np.float32)
        within = proposal - corner
        proposals = torch.from_numpy(within)[None].to(features.device)
        with self._compute.autocast():
            deltas = self._network.localization(features, proposals)
        box = decode_box(within, deltas[0].cpu().numpy())
        height, width = (side.stop - side.start for side in window)
        inside = clip_box(box, (height, width))
        if inside[2] - inside[0] < 1 or inside[3] - inside[1] < 1:
            return None
        return (box + corner).astype(np.float32)
