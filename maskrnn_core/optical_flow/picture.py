"""Flow as a picture, in the colours of the Middlebury benchmark."""

import numpy as np

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.video import FloatArray, UInt8Array

# Steps from each pure colour of the wheel to the next. There are more steps where the eye
# distinguishes hues better (Baker et al., IJCV 2011).
_ARCS = (
    ((255, 0, 0), 15),  # red to yellow
    ((255, 255, 0), 6),  # yellow to green
    ((0, 255, 0), 4),  # green to cyan
    ((0, 255, 255), 11),  # cyan to blue
    ((0, 0, 255), 13),  # blue to magenta
    ((255, 0, 255), 6),  # magenta to red
)


def colour_wheel() -> UInt8Array:
    """The 55 hues of the wheel, uint8 (55, 3), RGB, starting at red."""
    hues = []
    for position, (start, steps) in enumerate(_ARCS):
        end = np.array(_ARCS[(position + 1) % len(_ARCS)][0], np.float64)
        share = np.arange(steps)[:, None] / steps
        hues.append(np.floor(start + (end - start) * share))
    return np.concatenate(hues).astype(np.uint8)


def flow_picture(flow: FloatArray, largest: float | None = None) -> UInt8Array:
    """Draw direction as hue and length as saturation; zero flow is white.

    Args:
        flow: float32 (H, W, 2), (dx, dy) in pixels. Red points right. Pixels that are not finite
            become black.
        largest: length in pixels with the full colour, to compare frames of one video; longer
            flow is darkened. None: the largest length of this flow.

    Returns:
        uint8 (H, W, 3), RGB.

    Raises:
        InvalidInputError: the shape is another one, or `largest` is not positive.
    """
    if flow.ndim != 3 or flow.shape[2] != 2:
        raise InvalidInputError(f"the flow has shape {flow.shape}: it must be (H, W, 2)")
    if largest is not None and not largest > 0:
        raise InvalidInputError(f"largest={largest}: give a positive length in pixels")
    known = np.asarray(np.isfinite(flow).all(axis=2), np.bool_)
    vectors = np.where(known[..., None], flow, 0.0).astype(np.float64)
    length = np.hypot(vectors[..., 0], vectors[..., 1])
    if largest is None:
        largest = float(length.max(initial=0.0)) or 1.0
    length = (length / largest)[..., None]

    wheel = colour_wheel() / 255.0
    turn = np.arctan2(-vectors[..., 1], -vectors[..., 0]) / np.pi  # -1..1
    position = (turn + 1.0) / 2.0 * (len(wheel) - 1)
    low = np.floor(position).astype(np.int64)
    share = (position - low)[..., None]
    hue = wheel[low] * (1.0 - share) + wheel[(low + 1) % len(wheel)] * share
    colour = np.where(length <= 1.0, 1.0 - length * (1.0 - hue), 0.75 * hue)
    picture = np.floor(255.0 * colour)
    picture[~known] = 0.0
    return picture.astype(np.uint8)
