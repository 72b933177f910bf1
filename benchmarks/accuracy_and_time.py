"""J against time: what the presets of some runs give, and what they take.

    python -m benchmarks.accuracy_and_time [NAME=]RUN [...] [--store STORE] [--frames 60]
        [--picture docs/images/accuracy-and-time.png]

NAME stands for the preset of a run that has one preset with options of its own. The runs are
finished benchmarks of one data set. Seconds are those of the workers when the weights and masks
were made, in these runs or in earlier ones: compare runs of one machine, each with one thread per
worker. The seconds of a video are those of finetuning one object and of segmenting `--frames`
frames; training the parent is not among them.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from flows.plan.default_store import default_store
from storage.kinds.predictions import StoredPrediction
from storage.runs.ledger import RunLedger, StageRecord
from storage.runs.names import StageName
from storage.store.artifacts import ArtifactStore
from tasks.reporting.folder import report_folder
from tasks.reporting.plotting import new_figure, png


def stages_of(store: ArtifactStore, run: str) -> Iterator[tuple[StageName, StageRecord]]:
    """The finished stages of a run's videos."""
    for record in RunLedger(store, run).records():
        for name, stage in record.stages.items():
            if stage.state == "done":
                yield StageName.parse(name), stage


def units(store: ArtifactStore, run: str) -> pd.DataFrame:
    """A row per finetuning and segmentation: preset, stage, seconds, frames times objects."""
    rows = []
    for name, stage in stages_of(store, run):
        if name.kind not in ("finetune", "segment"):
            continue
        for kind, key in stage.artifacts:
            seconds = float(store.open(kind, key).metadata.get("seconds", 0.0))
            count = 1
            if name.kind == "segment":
                prediction = StoredPrediction(store, key)
                count = len(prediction.frame_names) * len(prediction.objects)
            rows.append((name.preset, name.kind, seconds, count))
    return pd.DataFrame(rows, columns=["preset", "stage", "seconds", "count"])


def figures(store: ArtifactStore, run: str, frames: int) -> pd.DataFrame:
    """A row per preset of a run: J, seconds per object, per frame and object, and per video."""
    sums = units(store, run).groupby(["preset", "stage"])[["seconds", "count"]].sum()
    each = (
        (sums["seconds"] / sums["count"])
        .unstack("stage")
        .reindex(columns=["finetune", "segment"], fill_value=0.0)
    )
    table = each.fillna(0.0).rename(
        columns={"finetune": "seconds per object", "segment": "seconds per frame"}
    )
    table["seconds per video"] = table["seconds per object"] + frames * table["seconds per frame"]
    folder = report_folder(store, RunLedger(store, run).location)
    scores = pd.read_csv(folder / "dataset.csv").set_index("preset")
    return table.join(scores[["J_mean", "F_mean"]], how="inner")


def picture(table: pd.DataFrame) -> bytes:
    """A PNG: J of every preset over its seconds per video; names alternate, to stay apart."""
    figure = new_figure(6, 4)
    axes = figure.add_subplot()
    axes.scatter(table["seconds per video"], table["J_mean"], color="#3182bd")
    for place, (preset, row) in enumerate(table.sort_values("J_mean").iterrows()):
        is_left = place % 2 == 1
        axes.annotate(
            str(preset),
            (row["seconds per video"], row["J_mean"]),
            xytext=(-6, 4) if is_left else (6, -10),
            textcoords="offset points",
            fontsize="small",
            horizontalalignment="right" if is_left else "left",
        )
    axes.set(xscale="log", ylim=(0, 1), xlabel="seconds per video", ylabel="mean J")
    axes.margins(x=0.2)
    axes.grid(alpha=0.3)
    return png(figure)


def main() -> None:
    """Print the table and, if asked, draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", nargs="+", metavar="[NAME=]RUN")
    parser.add_argument("--store", default=default_store())
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--picture", type=Path)
    arguments = parser.parse_args()
    store = ArtifactStore(arguments.store)
    tables = []
    for named in arguments.runs:
        name, _, run = named.rpartition("=")
        found = figures(store, run, arguments.frames)
        if name and len(found) > 1:
            parser.error(f"{named}: the run has the presets {', '.join(map(str, found.index))}")
        tables.append(found.set_axis([name]) if name else found)
    table = pd.concat(tables).sort_values("seconds per video")
    table = table[~table.index.duplicated()]
    print(table.round(3).to_markdown())
    if arguments.picture is not None:
        arguments.picture.write_bytes(picture(table))


if __name__ == "__main__":
    main()
