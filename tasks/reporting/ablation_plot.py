"""Plots the ablation: bars for this run, marks for the paper's figures."""

import numpy as np

from tasks.reporting.ablation import FINETUNED, OFFLINE, TITLES, AblationFigures
from tasks.reporting.plotting import new_figure, png

_COLOURS = {OFFLINE: "#9ecae1", FINETUNED: "#3182bd"}
_WIDTH = 0.38


def ablation_plot(figures: AblationFigures) -> bytes:
    """Return a PNG: two bars per configuration, without and with finetuning, and the paper's."""
    table = figures.table
    figure = new_figure(8, 4)
    axes = figure.add_subplot()
    for side, (how, colour) in zip((-0.5, 0.5), _COLOURS.items(), strict=True):
        place = np.arange(len(table)) + side * _WIDTH
        bars = axes.bar(place, table[f"J {how}"], _WIDTH, color=colour, label=f"here, {how}")
        axes.bar_label(bars, fmt="%.1f", label_type="center", fontsize="x-small")
        axes.plot(
            place,
            table[f"paper {how}"],
            color=colour,
            marker="D",
            linestyle="",
            markeredgecolor="black",
            label=f"paper, {how}",
        )
    axes.set_xticks(np.arange(len(table)), list(table["configuration"]))
    axes.set(
        ylabel="J, percent",
        ylim=(0, 100),
        title=f"{figures.videos} videos, {figures.objects} objects; "
        f"paper: {TITLES[figures.published]}",
    )
    axes.legend(loc="upper left", ncols=4, fontsize="x-small")
    return png(figure)
