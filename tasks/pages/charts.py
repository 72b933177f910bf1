"""Training curves as lines for the charts of a page."""

from typing import Any

import numpy as np
import pandas as pd

from tasks.reporting.curves import FIGURES, smoothed

_POINTS = 160
_TITLES = {"mask_loss": "mask loss", "box_loss": "box loss", "J": "J", "loss": "loss"}
_BOX = {"proposal_iou": "before regression", "box_iou": "after regression"}


def training_charts(curves: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a group per stage with a chart per figure: `title`, `unit` and `lines`.

    A line is the mean over its networks, smoothed, at no more than 160 steps. `unit` says that the
    values lie in [0, 1].

    Args:
        curves: as `gather_curves` gives them.
    """
    groups = []
    for stage, part in curves.groupby("stage", sort=False):
        charts = []
        for figure, title in _TITLES.items():
            known = part["mask_loss"].notna().any()
            if part[figure].notna().any() and not (figure == "loss" and known):
                charts.append(_chart(part, title, {figure: ""}, share=figure == "J"))
        if part["box_iou"].notna().any():
            charts.append(_chart(part, "IoU of the box", _BOX, share=True))
        charts.append(_chart(part, "learning rate", {"learning_rate": ""}, share=False))
        groups.append({"stage": str(stage), "charts": charts})
    return groups


def _chart(
    part: pd.DataFrame, title: str, figures: dict[str, str], *, share: bool
) -> dict[str, Any]:
    lines = []
    for preset, of_preset in part.groupby("preset", sort=False):
        for figure, kind in figures.items():
            networks = {
                network: pd.Series(_smooth(curve, figure), index=curve["step"])
                for network, curve in of_preset.groupby("network", sort=False)
            }
            mean = pd.DataFrame(networks).mean(axis=1).sort_index().dropna()
            kept = np.unique(np.linspace(0, len(mean) - 1, min(_POINTS, len(mean))).round())
            mean = mean.iloc[kept.astype(int)]
            count = f"mean of {len(networks)}" if len(networks) > 1 else ""
            name = ", ".join(text for text in (str(preset), kind, count) if text)
            values = [float(f"{value:.4g}") for value in mean]
            steps = [int(step) for step in mean.index]
            line = {"name": name, "preset": str(preset), "x": steps, "y": values}
            lines.append(line | {"dash": figure == "proposal_iou"})
    most = int(part.groupby("preset")["network"].nunique().max())
    suffix = f", mean of {most} networks" if most > 1 and len(lines) == 1 else ""
    return {"title": title + suffix, "share": share, "lines": lines}


def _smooth(curve: pd.DataFrame, figure: str) -> "np.ndarray[Any, Any]":
    values = smoothed(curve, figure) if figure in FIGURES else curve[figure]
    return np.asarray(values, np.float64)
