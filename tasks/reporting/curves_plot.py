"""Plots training curves: a column per stage, losses above learning rates."""

from typing import TYPE_CHECKING

import pandas as pd

from tasks.reporting.curves import smoothed
from tasks.reporting.plotting import new_figure, png

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def curves_plot(curves: pd.DataFrame) -> bytes:
    """Return a PNG with each network's loss per preset (faint) and their mean, both smoothed.

    Args:
        curves: as `gather_curves` gives them, not empty.
    """
    stages = list(curves["stage"].unique())
    presets = list(curves["preset"].unique())
    figure = new_figure(1.5 + 3.5 * len(stages), 5)
    axes = figure.subplots(2, len(stages), squeeze=False, sharex="col", height_ratios=[3, 1])
    for column, stage in enumerate(stages):
        losses, rates = axes[0, column], axes[1, column]
        for number, preset in enumerate(presets):
            part = curves[(curves["stage"] == stage) & (curves["preset"] == preset)]
            if not part.empty:
                _draw(losses, rates, part, preset, f"C{number % 10}")
        losses.set(title=stage, yscale="log")
        for axis in (losses.yaxis, rates.yaxis):
            axis.set_major_formatter("{x:.2g}")
        losses.yaxis.set_minor_formatter("{x:.2g}")
        losses.tick_params(which="both", labelsize="x-small")
        rates.set(xlabel="step", ylim=(0, None))
        losses.legend(fontsize="x-small")
    axes[0, 0].set_ylabel("loss, smoothed")
    axes[1, 0].set_ylabel("learning rate")
    return png(figure)


def _draw(losses: "Axes", rates: "Axes", part: pd.DataFrame, preset: str, colour: str) -> None:
    lines = {}
    for network, curve in part.groupby("network", sort=False):
        lines[network] = pd.Series(smoothed(curve).to_numpy(), index=curve["step"])
    if len(lines) == 1:
        # For a single network we also show the loss before smoothing.
        losses.plot(part["step"], part["loss"], color=colour, alpha=0.2, linewidth=0.5)
    else:
        for line in lines.values():
            losses.plot(line.index, line, color=colour, alpha=0.25, linewidth=0.6)
    mean = pd.DataFrame(lines).mean(axis=1).sort_index()
    count = f", mean of {len(lines)}" if len(lines) > 1 else ""
    losses.plot(mean.index, mean, color=colour, linewidth=1.5, label=f"{preset}{count}")
    rate = part.groupby("step")["learning_rate"].mean()
    rates.plot(rate.index, rate, color=colour, linewidth=1.5)
