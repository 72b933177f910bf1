"""Copy-paste augmentation (Ghiasi et al., "Simple Copy-Paste", 2021): another object in the frame.

A network that has seen few objects learns to segment whatever stands out. With two of them in a
frame it must follow the mask.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from maskrnn_core.geometry.boxes import mask_box
from maskrnn_core.training.augmentation import FrameSample
from maskrnn_core.video import VOID, FloatArray, UInt8Array

SCALES = (0.5, 1.5)
ROTATION = 20.0
"""Largest angle, degrees."""
LIGHT = 0.2
"""Largest relative change of brightness."""
NEARBY = 0.5
"""Probability that the pasted object comes close to the one that is there, or before it."""
FEWEST_PIXELS = 50
"""Fewer of the pasted object do not count: the sample stays as it is."""
STILL_SEEN = 0.3
"""Share of an object that must show for it to be followed."""


def pasted(sample: FrameSample, donor: FrameSample, rng: np.random.Generator) -> FrameSample:
    """The sample with the donor's object before it; by chance one or the other is to be followed.

    Optical flow follows exactly. The sample comes back as it is where nothing of the donor shows.

    Args:
        sample: frame, target and flow.
        donor: a frame with another object; of the same size or another.
        rng: source of randomness.
    """
    box = mask_box(donor.target == 1)
    if box is None:
        return sample
    pose = _pose(box, sample.target, rng)
    alpha = _moved((donor.target == 1).astype(np.float32), pose, sample.target.shape)
    shown = alpha >= 0.5
    if shown.sum() < FEWEST_PIXELS:
        return sample
    gain = 1 + rng.uniform(-LIGHT, LIGHT)
    front = gain * _moved(donor.frame.astype(np.float32), pose, shown.shape)
    edge = cv2.GaussianBlur(alpha, (3, 3), 0)[..., None]
    frame = front * edge + sample.frame * (1 - edge)
    return FrameSample(
        frame=np.clip(np.round(frame), 0, 255).astype(np.uint8),
        target=_target(sample.target, shown, rng),
        backward=_flow(sample.backward, donor.backward, pose, shown),
        forward=_flow(sample.forward, donor.forward, pose, shown),
    )


def _pose(box: FloatArray, target: UInt8Array, rng: np.random.Generator) -> NDArray[np.float64]:
    """(2, 3) from pixels (x, y) of the donor to those of the sample; mirrors half the time."""
    there = mask_box(target == 1)
    height, width = target.shape
    low, high = np.zeros(2), np.array([width, height], dtype=np.float64)
    if there is not None and rng.random() < NEARBY:
        margin = (there[2:] - there[:2]) / 2
        low, high = there[:2] - margin, there[2:] + margin
    place = np.clip(rng.uniform(low, high), 0, (width - 1, height - 1))
    factor = math.exp(rng.uniform(*np.log(SCALES)))
    angle = math.radians(rng.uniform(-ROTATION, ROTATION))
    cos, sin = factor * math.cos(angle), factor * math.sin(angle)
    mirror = 1 if rng.random() < 0.5 else -1
    linear = np.array([[cos * mirror, -sin], [sin * mirror, cos]])
    middle = (box[:2] + box[2:] - 1) / 2
    return np.column_stack((linear, place - linear @ middle))


def _moved(image: FloatArray, pose: NDArray[np.float64], size: tuple[int, ...]) -> FloatArray:
    """An image (h, w) or (h, w, C), float32, read at a frame's pixels; zero outside."""
    moved = cv2.warpAffine(image, pose, (size[1], size[0]), flags=cv2.INTER_LINEAR)
    return np.asarray(moved, np.float32)


def _target(target: UInt8Array, shown: NDArray[np.bool_], rng: np.random.Generator) -> UInt8Array:
    """The pasted object (`shown`), or what is left of the sample's own; void stays behind it."""
    own = (target == 1) & ~shown
    still_seen = own.sum() >= max(STILL_SEEN * (target == 1).sum(), 1)
    followed = own if still_seen and rng.random() < 0.5 else shown
    void = (target == VOID) & ~shown
    return np.where(followed, 1, np.where(void, VOID, 0)).astype(np.uint8)


def _flow(
    own: FloatArray, donor: FloatArray, pose: NDArray[np.float64], shown: NDArray[np.bool_]
) -> FloatArray:
    """Displacements (H, W, 2): the donor's, turned as it was, where it shows."""
    moved = _moved(donor, pose, shown.shape) @ pose[:, :2].T
    return np.where(shown[..., None], moved, own).astype(np.float32)
