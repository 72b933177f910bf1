"""Collects the training curves of a run: of its parents and of the finetuned networks."""

from collections.abc import Mapping

import pandas as pd

from storage.kinds.checkpoints import FINETUNED, PARENTS, load_curve
from storage.runs.ledger import VideoRecord
from storage.runs.names import RecordName, StageName
from storage.store.artifacts import ArtifactStore
from tasks.reporting.escaping import markdown_picture, markdown_table

_COLUMNS = ["preset", "network", "stage", "step", "loss", "learning_rate", "seconds", "wait"]
_ENDS = 0.1
"""Share of the steps that the mean loss at the start and at the end covers."""
_WINDOW = 0.05
"""Share of the steps over which a curve is smoothed."""
_SHORTEST = 5
"""Fewest steps over which a curve is smoothed."""
_ORDER = ("static", "recurrent", "finetune")


def gather_curves(store: ArtifactStore, records: Mapping[str, VideoRecord]) -> pd.DataFrame:
    """Return a row per optimizer step of each kept network that the run trained or reused.

    Columns: `preset` (the first of those that share the network), `network` ("parent", or
    "VIDEO/OBJECT"), `stage`, `step`, `loss`, `learning_rate`, `seconds` of computing, and
    `wait`, seconds spent on waiting for data.

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
    curves = pd.concat(parts, ignore_index=True)[_COLUMNS].sort_values("network", kind="stable")
    rank = {stage: position for position, stage in enumerate(_ORDER)}
    return curves.sort_values("stage", key=lambda stages: stages.map(rank), kind="stable")


def smoothed(curve: pd.DataFrame) -> "pd.Series[float]":
    """Return the running mean of one network's loss in one stage, over a twentieth of its steps."""
    window = max(_SHORTEST, round(_WINDOW * len(curve)))
    return curve["loss"].rolling(window, center=True, min_periods=1).mean()


def curves_table(curves: pd.DataFrame) -> pd.DataFrame:
    """Return a row per preset and stage; finetunings are averaged over their networks."""
    rows = []
    for (preset, stage), part in curves.groupby(["preset", "stage"], sort=False):
        networks = [curve for _, curve in part.groupby("network", sort=False)]
        ends = [max(1, round(_ENDS * len(curve))) for curve in networks]
        first = [c["loss"].head(n).mean() for c, n in zip(networks, ends, strict=True)]
        last = [c["loss"].tail(n).mean() for c, n in zip(networks, ends, strict=True)]
        row = {
            "preset": preset,
            "stage": stage,
            "networks": len(networks),
            "steps": max(len(curve) for curve in networks),
            "loss at the start": sum(first) / len(first),
            "loss at the end": sum(last) / len(last),
            "learning rate": "{max:.3g} to {min:.3g}".format(
                **part["learning_rate"].agg(["max", "min"])
            ),
            "seconds per step": part["seconds"].median(),
            "waiting for data": part["wait"].sum() / (part["wait"] + part["seconds"]).sum(),
        }
        rows.append(row)
    return pd.DataFrame(rows)


def curves_section(curves: pd.DataFrame, picture: str) -> str:
    """Return the section in Markdown, with the picture's relative name; "" without training."""
    if curves.empty:
        return ""
    return "\n\n".join(
        [
            "## Training curves\n\nLosses at the start and at the end are means over a tenth of "
            "the steps, and over all networks of a row. Losses of different stages do not compare. "
            "Every step is in `training_curves.csv`.",
            markdown_table(curves_table(curves), digits=4),
            markdown_picture(picture),
        ]
    )
