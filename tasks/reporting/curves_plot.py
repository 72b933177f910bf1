"""Plots training curves: a column per stage, a row per figure."""

from typing import TYPE_CHECKING

import pandas as pd

from tasks.reporting.curves import smoothed
from tasks.reporting.plotting import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDE_RANGE = 5.0
"""A loss whose largest value exceeds the smallest by this factor gets a logarithmic axis."""
_ROWS = {
    "mask loss": ("mask_loss",),
    "box loss": ("box_loss",),
    "IoU of the box": ("box_iou", "proposal_iou"),
    "J": ("J",),
    "loss": ("loss",),
    "learning rate": ("learning_rate",),
}
_SHARES = ("IoU of the box", "J")
_STYLES = {"proposal_iou": ("--", ", before regression"), "box_iou": ("-", ", after regression")}


def curves_figure(curves: pd.DataFrame) -> "Figure":
    """Return a figure with each network's figures per preset (faint) and their mean, all smoothed.

    The sum of the losses is drawn only where its parts are unknown.

    Args:
        curves: as `gather_curves` gives them, not empty.
    """
    stages = list(curves["stage"].unique())
    colours = {preset: f"C{number % 10}" for number, preset in enumerate(curves["preset"].unique())}
    rows = {title: figures for title, figures in _ROWS.items() if curves[figures[0]].notna().any()}
    if curves["mask_loss"].notna().all():
        del rows["loss"]
    figure = new_figure(1.5 + 3.5 * len(stages), 0.6 + 1.7 * len(rows))
    axes = figure.subplots(len(rows), len(stages), squeeze=False, sharex="col")
    for column, stage in enumerate(stages):
        of_stage = curves[curves["stage"] == stage]
        for row, (title, figures) in enumerate(rows.items()):
            axis = axes[row, column]
            for name in figures:
                for preset, part in of_stage.groupby("preset", sort=False):
                    if part[name].notna().any():
                        _draw(axis, part, name, str(preset), colours[str(preset)])
            _scale(axis, title)
            if column == 0:
                axis.set_ylabel(title)
        axes[0, column].set_title(stage)
        axes[-1, column].set_xlabel("step")
    return figure


def _draw(axis: "Axes", part: pd.DataFrame, name: str, preset: str, colour: str) -> None:
    style, suffix = _STYLES.get(name, ("-", ""))
    lines = {}
    for network, curve in part.groupby("network", sort=False):
        lines[network] = pd.Series(smoothed(curve, name).to_numpy(), index=curve["step"])
    if len(lines) > 1:
        for line in lines.values():
            axis.plot(line.index, line, color=colour, alpha=0.25, linewidth=0.6, linestyle=style)
    elif name != "proposal_iou":
        # For a single network we also show the values before smoothing.
        axis.plot(part["step"], part[name], color=colour, alpha=0.2, linewidth=0.5)
    mean = pd.DataFrame(lines).mean(axis=1).sort_index()
    count = f", mean of {len(lines)}" if len(lines) > 1 else ""
    label = f"{preset}{count}{suffix}"
    axis.plot(mean.index, mean, color=colour, linewidth=1.5, linestyle=style, label=label)


def _scale(axis: "Axes", title: str) -> None:
    """Give the axis limits and labels that do not overlap."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axis.tick_params(labelsize="x-small")
    axis.grid(alpha=0.3, linewidth=0.5)
    if not axis.lines:
        axis.text(0.5, 0.5, "not measured", ha="center", va="center", transform=axis.transAxes)
        axis.set_yticks([])
        return
    # Shares rise and losses fall. The best place would be looked for among all points.
    axis.legend(loc="lower right" if title in _SHARES else "upper right", fontsize="x-small")
    if title in _SHARES:
        axis.set_ylim(0, 1.02)
        return
    # The limits are those of the smoothed lines, because single steps reach far beyond them.
    smooth = [line for line in axis.lines if not str(line.get_label()).startswith("_")]
    values = pd.concat([pd.Series(line.get_ydata()) for line in smooth])
    low, high = float(values.min()), float(values.max())
    if title == "learning rate" or low <= 0 or high < _WIDE_RANGE * low:
        axis.set_ylim(0, high * 1.1 or 1)
        return
    axis.set(yscale="log", ylim=(low / 1.5, high * 1.5))
    axis.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=8))
    axis.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.yaxis.set_minor_formatter(NullFormatter())
