"""Draw the network of one object for docs/method.md.

The numbers of channels and the sizes come from `maskrnn_core` and its default options.

    python scripts/draw_network.py [docs/images/network.png]
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from maskrnn_core.network_shape import ROI_SIZE, STRIDES
from maskrnn_core.networks.vgg import stage_channels
from maskrnn_core.options import InferenceOptions, NetworkOptions

WIDTH, HEIGHT = 18.0, 11.0
INPUT, STREAM, HEAD, BOX, RESULT = "#e8e8e8", "#9ecae1", "#c7e9c0", "#fdd0a2", "#dadaeb"
LINE = {"arrowstyle": "-|>", "color": "#444444", "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0}
FIRST_BLOCK, BLOCK_STEP = 5.3, 1.28


def box(ax: Axes, x: float, y: float, width: float, height: float, text: str, colour: str) -> None:
    """A rounded box around the point (x, y)."""
    ax.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.12",
            facecolor=colour,
            edgecolor="#444444",
            linewidth=0.9,
        )
    )
    ax.text(x, y, text, ha="center", va="center", linespacing=1.15)


def arrow(ax: Axes, *points: tuple[float, float]) -> None:
    """An arrow through the given points, straight between them."""
    *line, start, end = points
    path = [*line, start]
    ax.plot([x for x, _ in path], [y for _, y in path], color="#444444", linewidth=1.1)
    ax.annotate("", xy=end, xytext=start, arrowprops=LINE)


def draw_stream(ax: Axes, name: str, y: float, head_y: float) -> float:
    """Five VGG stages around the height `y`, and their head at `head_y`; returns the last x."""
    towards_head = 1 if head_y > y else -1
    channels = stage_channels(NetworkOptions().width)
    xs = [FIRST_BLOCK + k * BLOCK_STEP for k in range(len(channels))]
    for k, (x, count, stride) in enumerate(zip(xs, channels, STRIDES, strict=True)):
        half = 1.15 - 0.15 * k
        size = "full" if stride == 1 else f"1/{stride}"
        box(ax, x, y, 0.96, 2 * half, f"{count}\n{size}", STREAM)
        if k:
            arrow(ax, (x - BLOCK_STEP + 0.48, y), (x - 0.48, y))
        arrow(ax, (x, y + towards_head * half), (x, head_y - towards_head * 0.36))
    middle = (xs[0] + xs[-1]) / 2
    ax.text(middle, y - towards_head * 1.5, name, ha="center", va="center", weight="bold")
    box(ax, middle, head_y, xs[-1] - xs[0] + 1.1, 0.72, "1x1 conv, upsample, sum", HEAD)
    return xs[-1]


def draw(path: Path) -> None:
    """Write the figure as PNG, 1800 pixels wide."""
    gate = InferenceOptions().box_scale
    pyplot.rcParams.update({"font.size": 10, "font.family": "DejaVu Sans"})
    figure = pyplot.figure(figsize=(WIDTH / 2, HEIGHT / 2), dpi=200)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
    ax.set_axis_off()

    top, bottom, middle = 8.0, 2.5, 5.25
    head_top, head_bottom = 5.9, 4.6
    left = 2.1
    entry = FIRST_BLOCK - 0.48
    box(ax, left, top, 3.0, 1.2, "frame\nRGB, 3 channels", INPUT)
    box(ax, left, middle, 3.0, 1.6, "warped mask\nof the previous\nframe, 1 channel", INPUT)
    box(ax, left, bottom, 3.0, 1.6, "lengths of back-\nward and forward\nflow, 2 channels", INPUT)

    last = draw_stream(ax, "appearance stream (VGG-16)", top, head_top)
    draw_stream(ax, "motion stream (VGG-16)", bottom, head_bottom)
    join = 4.2
    for y in (top, bottom):
        arrow(ax, (left + 1.5, y), (entry, y))
        arrow(ax, (left + 1.5, middle), (join, middle), (join, y))

    right, width, join = 13.3, 2.1, 11.8
    box(ax, right, middle, width, 1.3, "1x1 conv,\nsigmoid", HEAD)
    for y in (head_top, head_bottom):
        arrow(ax, (last + 0.55, y), (join, y), (join, middle))
    arrow(ax, (join, middle), (right - width / 2, middle))

    last_x = 16.3
    box(ax, right, top, width, 1.3, f"RoI pooling\n{ROI_SIZE}x{ROI_SIZE}", BOX)
    box(ax, last_x, top, 2.8, 1.3, "2 fully connected,\n4 box deltas", BOX)
    box(ax, last_x, middle, 2.8, 1.3, f"gate: 0 outside\nthe box x {gate:g}", BOX)
    box(ax, last_x, bottom, 2.8, 1.3, "probability of\nthe object", RESULT)
    arrow(ax, (last + 0.48, top), (right - width / 2, top))
    arrow(ax, (right + width / 2, top), (last_x - 1.4, top))
    arrow(ax, (last_x, top - 0.65), (last_x, middle + 0.65))
    arrow(ax, (right + width / 2, middle), (last_x - 1.4, middle))
    arrow(ax, (last_x, middle - 0.65), (last_x, bottom + 0.65))
    ax.text((last + right - width / 2 + 0.48) / 2, top + 0.28, "conv5_3", ha="center", size=9)

    edge, beside = left - 1.5, 0.25
    above, below = HEIGHT - 0.6, 0.3
    up, down = middle + 0.3, middle - 0.3
    arrow(ax, (edge, up), (beside, up), (beside, above), (right, above), (right, top + 0.65))
    ax.text(7.9, above + 0.12, "proposal: tight box of the warped mask", ha="center", size=9)
    arrow(
        ax, (last_x, bottom - 0.65), (last_x, below), (beside, below), (beside, down), (edge, down)
    )
    ax.text(7.9, below + 0.12, "next frame: warped by the backward flow", ha="center", size=9)
    figure.savefig(path)


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/images/network.png"))
