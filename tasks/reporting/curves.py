"""Collects the training curves of a run: of its parents and of the finetuned networks."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from storage.kinds.checkpoints import FINETUNED, PARENTS, load_curve
from storage.runs.ledger import VideoRecord
from storage.runs.names import RecordName, StageName
from storage.store.artifacts import ArtifactStore
from tasks.reporting.escaping import markdown_picture, markdown_table

FIGURES = {
    "loss": "loss",
    "mask_loss": "mask loss",
    "box_loss": "box loss",
    "proposal_iou": "box IoU before",
    "box_iou": "box IoU after",
    "J": "J",
}
"""What is recorded of a step beside its time: the column, and its name for people."""
_COLUMNS = ["preset", "network", "stage", "step", *FIGURES, "learning_rate", "seconds", "wait"]
_ENDS = 0.1
"""Share of the steps that the mean loss at the start and at the end covers."""
_WINDOW = 0.05
"""Share of the steps over which a curve is smoothed."""
_SHORTEST = 5
"""Fewest steps over which a curve is smoothed."""
_ORDER = ("localization", "static", "recurrent", "finetune")


def gather_curves(store: ArtifactStore, records: Mapping[str, VideoRecord]) -> pd.DataFrame:
    """Return a row per optimizer step of each kept network that the run trained or reused.

    Columns: `preset` (the first of those that share the network), `network` ("parent", or
    "VIDEO/OBJECT"), `stage`, `step`, `loss`, its parts `mask_loss` and `box_loss`, the IoU of the
    box before and after regression (`proposal_iou`, `box_iou`), `J` of the predicted masks,
    `learning_rate`, `seconds` of computing, and `wait`, seconds spent on waiting for data. NaN:
    not measured.

    Args:
        store: of the checkpoints.
        records: of the run, by video; parents are among them.
    """
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for name, record in sorted(records.items()):
        for title, stage in record.stages.items():
            if stage.state != "done":
                continue
            for kind, key in stage.artifacts:
                if kind == PARENTS:
                    found.setdefault((kind, key), (RecordName.parse(name).video, "parent"))
                elif kind == FINETUNED:
                    of = StageName.parse(title)
                    found.setdefault((kind, key), (of.preset, f"{name}/{of.object_id}"))
    parts = [
        pd.DataFrame(load_curve(store, kind, key)).assign(preset=preset, network=network)
        for (kind, key), (preset, network) in found.items()
        if store.exists(kind, key)
    ]
    parts = [part for part in parts if "loss" in part.columns]  # an imported parent has no curve
    if not parts:
        return pd.DataFrame(columns=_COLUMNS)
    # Objects are finetuned in parallel, so their order in a record is random.
    curves = pd.concat(parts, ignore_index=True).reindex(columns=_COLUMNS)
    curves = curves.astype(dict.fromkeys(FIGURES, float)).sort_values("network", kind="stable")
    rank = {stage: position for position, stage in enumerate(_ORDER)}
    return curves.sort_values("stage", key=lambda stages: stages.map(rank), kind="stable")


def smoothed(curve: pd.DataFrame, figure: str = "loss") -> "pd.Series[float]":
    """Return the running mean of one network's figure in one stage, over a twentieth of its
    steps."""
    window = max(_SHORTEST, round(_WINDOW * len(curve)))
    return curve[figure].rolling(window, center=True, min_periods=1).mean()


def curves_table(curves: pd.DataFrame) -> pd.DataFrame:
    """Return a row per preset and stage; finetunings are averaged over their networks.

    Figures that no network has measured have no column. The sum of the losses is left out where
    its parts are known.
    """
    shown = [figure for figure in FIGURES if curves[figure].notna().any()]
    if curves["mask_loss"].notna().all():
        shown.remove("loss")
    rows = []
    for (preset, stage), part in curves.groupby(["preset", "stage"], sort=False):
        networks = [curve for _, curve in part.groupby("network", sort=False)]
        row = {
            "preset": preset,
            "stage": stage,
            "networks": len(networks),
            "steps": max(len(curve) for curve in networks),
            **{FIGURES[figure]: _change(networks, figure) for figure in shown},
            "learning rate": "{max:.3g} to {min:.3g}".format(
                **part["learning_rate"].agg(["max", "min"])
            ),
            "seconds per step": part["seconds"].median(),
            "waiting for data": part["wait"].sum() / (part["wait"] + part["seconds"]).sum(),
        }
        rows.append(row)
    return pd.DataFrame(rows)


def _change(networks: Sequence[pd.DataFrame], figure: str) -> str:
    """Return a figure at the start and at the end, as "0.812 to 0.034"; "" if it is unknown."""
    starts, ends = [], []
    for curve in networks:
        values = curve[figure].dropna()
        if len(values):
            count = max(1, round(_ENDS * len(values)))
            starts.append(values.head(count).mean())
            ends.append(values.tail(count).mean())
    return f"{np.mean(starts):.3f} to {np.mean(ends):.3f}" if starts else ""


def curves_section(curves: pd.DataFrame, picture: str) -> str:
    """Return the section in Markdown, with the picture's relative name; "" without training."""
    if curves.empty:
        return ""
    return "\n\n".join(
        [
            "## Training curves\n\nEach figure is given at the start and at the end: means over a "
            "tenth of the steps, and over all networks of a row. J and the IoU of boxes are those "
            "of the training samples. Losses of different stages do not compare. Every step is in "
            "`training_curves.csv`.",
            markdown_table(curves_table(curves), digits=4),
            markdown_picture(picture),
        ]
    )
