"""Batches of single frames: augmented frames, perturbed masks, box targets, as tensors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from maskrnn_core.geometry.boxes import box_iou, encode_box, mask_box, proposal_box
from maskrnn_core.networks.inputs import flow_magnitude
from maskrnn_core.options import AugmentationOptions, LearningOptions
from maskrnn_core.samples.augmentation import (
    FlowPair,
    FrameSample,
    Geometry,
    random_geometry,
    transform,
)
from maskrnn_core.samples.perturbation import perturb_mask
from maskrnn_core.video import FloatArray

SMALLEST_OVERLAP = 0.5
"""Proposals with a smaller IoU with the object's box do not train the localization net."""


@dataclass(frozen=True)
class StaticBatch:
    """Single frames with their perturbed previous masks, on the CPU."""

    frame: Tensor
    """(N, 3, H, W) float32, RGB in [0, 255]."""
    target: Tensor
    """(N, 1, H, W) uint8: 1 object, 0 background, 255 void."""
    mask: Tensor
    """(N, 1, H, W) float32 in [0, 1]."""
    magnitudes: Tensor | None
    """(N, 2, H, W) float32 in [0, 1]; None for networks that read no flow."""
    proposals: Tensor
    """(N, 4) float32, xyxy in pixels."""
    deltas: Tensor
    """(N, 4) float32, normalised box deltas to the object's box."""
    valid: Tensor
    """(N,) boolean, the rows that train the localization net."""
    names: tuple[str, ...]


def draw_geometry(
    sample: FrameSample,
    rng: np.random.Generator,
    output_size: tuple[int, int],
    options: AugmentationOptions,
) -> Geometry:
    """A random geometry for a sample: around its object, or now and then anywhere."""
    # Chance is asked only where it matters: the draws of other options stay as they were.
    is_anywhere = options.anywhere > 0 and rng.random() < options.anywhere
    box = None if is_anywhere else mask_box(sample.target == 1)
    return random_geometry(rng, sample.target.shape, output_size, box, options)


def crop_size(
    size: tuple[int, int], options: AugmentationOptions, part: float = 1.0
) -> tuple[int, int]:
    """Height and width of the crops, for frames of the given size that are shrunk to a part of it.

    A smaller crop shows as much of the frame.
    """
    side = options.crop * part
    return round(size[0] * side), round(size[1] * side)


@dataclass(frozen=True)
class MaskedSample:
    """An augmented frame with a mask in place of the previous prediction."""

    sample: FrameSample
    mask: FloatArray
    """(H, W) in [0, 1]."""
    name: str
    """Description for messages."""
    frame_width: float
    """Width in pixels that the whole frame would have at the sample's scale."""


def vary(
    sample: FrameSample,
    name: str,
    rng: np.random.Generator,
    output_size: tuple[int, int],
    options: LearningOptions,
) -> MaskedSample:
    """A random crop of a sample, and its mask perturbed."""
    geometry = draw_geometry(sample, rng, output_size, options.augmentation)
    crop = transform(sample, geometry)
    height, width = sample.target.shape
    whole = width * output_size[0] / (options.augmentation.crop * height)
    mask = perturb_mask(crop.target == 1, rng, options.perturbation)
    return MaskedSample(crop, mask, name, whole)


def collate(varied: Sequence[MaskedSample]) -> StaticBatch:
    """Stack samples of one size; their frames may differ in shape."""
    samples, masks = [v.sample for v in varied], [v.mask for v in varied]
    boxes = [_box_target(v.mask, v.sample) for v in varied]
    lengths = [
        magnitudes_tensor([v.sample.flows], v.frame_width)
        for v in varied
        if v.sample.flows is not None
    ]
    return StaticBatch(
        frame=frames_tensor(samples),
        target=targets_tensor(samples),
        mask=torch.from_numpy(np.stack(masks)[:, None]),
        magnitudes=torch.cat(lengths) if lengths else None,
        proposals=torch.from_numpy(np.stack([proposal for proposal, _, _ in boxes])),
        deltas=torch.from_numpy(np.stack([deltas for _, deltas, _ in boxes])),
        valid=torch.tensor([valid for _, _, valid in boxes]),
        names=tuple(v.name for v in varied),
    )


def frames_tensor(samples: Sequence[FrameSample]) -> Tensor:
    """(N, 3, H, W) float32 in [0, 255]."""
    stacked = np.stack([sample.frame for sample in samples])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).float()


def targets_tensor(samples: Sequence[FrameSample]) -> Tensor:
    """(N, 1, H, W) uint8."""
    return torch.from_numpy(np.stack([sample.target for sample in samples])[:, None])


def flow_tensor(flows: Sequence[FloatArray]) -> Tensor:
    """(N, 2, H, W) float32, (dx, dy) in pixels."""
    return torch.from_numpy(np.stack(flows)).permute(0, 3, 1, 2).contiguous()


def magnitudes_tensor(flows: Sequence[FlowPair], frame_width: float) -> Tensor:
    """(N, 2, H, W) float32 in [0, 1]: backward, forward."""
    backward = flow_tensor([pair.backward for pair in flows])
    forward = flow_tensor([pair.forward for pair in flows])
    parts = (flow_magnitude(backward, frame_width), flow_magnitude(forward, frame_width))
    return torch.cat(parts, dim=1)


def _box_target(mask: FloatArray, sample: FrameSample) -> tuple[FloatArray, FloatArray, bool]:
    proposal = proposal_box(mask)
    target = mask_box(sample.target == 1)
    if proposal is None or target is None or box_iou(proposal, target) < SMALLEST_OVERLAP:
        placeholder = np.array([0, 0, 1, 1], dtype=np.float32)
        return placeholder, np.zeros(4, dtype=np.float32), False
    return proposal, encode_box(proposal, target), True
