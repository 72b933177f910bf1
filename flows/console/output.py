"""Prints tables and errors for people, on a terminal or in a log."""

import json
import math
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.console.markdown_page import MarkdownPage
from flows.console.plain_table import Column, PlainTable
from flows.terminal import Terminal
from storage.errors import MissingArtifactError
from storage.kinds.checkpoints import PARENTS
from storage.runs.ledger import RunLedger, VideoRecord
from storage.runs.names import RecordName
from storage.store.artifacts import ArtifactStore
from tasks.reporting.folder import CONFIDENCE, FIGURES, SUMMARY, report_folder

if TYPE_CHECKING:
    from flows.plan.parameters import BenchmarkParameters
    from tasks.evaluation.evaluation import Evaluation

_DOUBTFUL = 20
"""How many doubtful objects are named; `confidence.csv` has all."""

_WORST = 5
"""How many doubtful videos of an archive are named."""


def print_error(message: str) -> None:
    """Print one error as plain text; brackets in it are not markup."""
    Terminal(stderr=True).print(f"maskrnn: {message}", style="red")


def print_figures(store_url: str, run_id: str) -> None:
    """Print the figures of a finished report: presets with the lead of the first, then
    sequences."""
    store = ArtifactStore(store_url)
    folder = report_folder(store, RunLedger(store, run_id).location)
    figures = json.loads((folder / FIGURES).read_bytes())
    if not figures["presets"]:
        return
    main = figures["presets"][0]["preset"]
    sequences = [row for row in figures["sequences"] if row["preset"] == main]
    console = Terminal()
    shown = ["J_mean", "J_recall", "J_decay", "F_mean", "T_mean"]
    console.print(_table(f"{main}, per sequence", sequences, ["video", "objects", *shown]))
    title = f"Presets (lead: J of {main} above theirs)"
    console.print(_table(title, figures["presets"], ["preset", *shown, "lead"]))
    if (ablation := figures["ablation"]) is not None:
        rows = ablation["ablation"]
        console.print(_table("Ablation, J in percent", rows, list(rows[0])))
        console.print(ablation["summary"])
    for note in figures["notes"]:
        console.print(note)


def print_confidence(store_url: str, run_id: str) -> None:
    """Print which objects of a run without figures look wrong, and from which frame on."""
    store = ArtifactStore(store_url)
    folder = report_folder(store, RunLedger(store, run_id).location)
    rows = json.loads((folder / FIGURES).read_bytes()).get("confidence", [])
    doubtful = sorted((row for row in rows if row["doubtful_from"]), key=lambda r: r["confidence"])
    console = Terminal()
    one_video = len({row["video"] for row in rows}) == 1
    shown = rows if one_video else doubtful[:_DOUBTFUL]
    if shown:
        names = ["object", "confidence", "lost_frames", "area"]
        console.print(_table("Confidence", shown, names if one_video else ["video", *names]))
    for row in doubtful[:_DOUBTFUL]:
        console.print(
            f"{row['video']}, object {row['object']}: {row['reason']} from frame "
            f"{row['doubtful_from']} on; look at it there",
            style="yellow",
        )
    if doubtful:
        more = f"{len(doubtful)} of {len(rows)} objects are doubtful (all: {folder / CONFIDENCE}). "
        console.print(f"{more}A better first mask may help, and so may masks of later frames:")
        worst = doubtful[0]
        console.print(f"  maskrnn suggest {run_id}")
        video, mask = shlex.quote(worst["video"]), f"{worst['doubtful_from']}=FILE"
        console.print(f"  maskrnn correct {run_id} {video} --mask {mask}")
    elif rows:
        lowest = min(row["confidence"] for row in rows)
        console.print(f"No object looks doubtful; the lowest confidence is {lowest:.2f}.")


def print_doubtful_rows(folder: Path, run_id: str) -> None:
    """Print which videos of an archive a person should look at, and how to correct one.

    Args:
        folder: of the archive's report.
        run_id: name of the archive's run.
    """
    file = folder / FIGURES
    rows = json.loads(file.read_bytes()).get("doubtful", []) if file.exists() else []
    if rows:
        worst = ", ".join(f"{row['id']} ({row['confidence']:.2f})" for row in rows[:_WORST])
        console = Terminal()
        console.print(
            f"{len(rows)} videos may be badly segmented; the lowest confidence: {worst}. Sort "
            f"{folder / 'videos.csv'} by confidence.",
            style="yellow",
        )
        row = shlex.quote(str(rows[0]["id"]))
        console.print("A better first mask may help, and so may masks of later frames:")
        console.print(f"  maskrnn correct {run_id} {row} --mask FRAME=FILE --out DIR")


def print_evaluation(evaluation: "Evaluation") -> None:
    """Print the figures of an evaluation: sequences, attributes, data set."""
    console = Terminal()
    shown = ["J&F_mean", "J_mean", "J_recall", "J_decay", "F_mean", "F_recall", "F_decay", "T_mean"]
    for name, values in evaluation.named().items():
        if name not in ("per_sequence", "per_attribute", "dataset"):
            continue
        rows = json.loads(values.to_json(orient="records", double_precision=15))
        title = f"{evaluation.predictions}, {name.replace('_', ' ')}"
        console.print(_table(title, rows, [str(values.columns[0]), *shown]))
    for line in (f"Protocol {evaluation.rules.name}.", *evaluation.notes):
        console.print(line)


def print_failures(records: Iterable[VideoRecord]) -> None:
    """Print every failed stage and its cause."""
    console = Terminal(stderr=True)
    for record in records:
        for name, stage in record.stages.items():
            if stage.state == "failed":
                text = f"{record.video}, {name}: {stage.error}"
                console.print(text, style="red")


def print_parents(records: Iterable[VideoRecord]) -> None:
    """Print the parents that a run trained or found, in the form that `--parent` accepts."""
    console = Terminal()
    for record in records:
        name = RecordName.parse(record.video)
        for kind, key in (pair for stage in record.stages.values() for pair in stage.artifacts):
            if name.role == "parent" and kind == PARENTS:
                console.print(f"Parent of {name.video}: {key}")


def print_where(parameters: "BenchmarkParameters", ledger: RunLedger, seconds: float) -> None:
    """Print the name of the run and where its results are."""
    console = Terminal()
    computed, reused = _counts(ledger.records())
    text = f"{computed} units computed, {reused} reused, {seconds:.0f} s"
    console.print(f"Run {ledger.run_id}: {text}")
    if parameters.until in ("train", "segment", "report"):
        folder = report_folder(ArtifactStore(parameters.store), ledger.location)
        console.print(f"Results: {folder}")


def print_report(store_url: str, run_id: str) -> int:
    """Print the Markdown summary of a run, and its folder; return 0.

    Raises:
        MissingArtifactError: there is no such run, or it has no summary yet.
    """
    store = ArtifactStore(store_url)
    ledger = RunLedger(store, run_id)
    info = ledger.info()
    folder = report_folder(store, ledger.location)
    if not (folder / SUMMARY).exists():
        cure = (
            f"; `maskrnn status {run_id}` shows how far it is"
            if info.is_archive
            else ", or give --anew for a report of the results so far"
        )
        raise MissingArtifactError(
            f"the run {run_id} has no report yet: run its command to the end{cure}"
        )
    console = Terminal()
    console.print(MarkdownPage((folder / SUMMARY).read_text()))
    console.print(f"Report: {folder}")
    return 0


def _counts(records: Iterable[VideoRecord]) -> tuple[int, int]:
    """Return how many units were computed and how many reused.

    A run that finds its parents does not touch the records of their training videos, so these are
    still those of the process that made them. They count as reused.
    """
    by_role = [(RecordName.parse(record.video).role, record) for record in records]
    drivers = {record.driver for role, record in by_role if role == "parent"}
    done = [
        stage.reused or (role == "train" and record.driver not in drivers)
        for role, record in by_role
        for stage in record.stages.values()
        if stage.state == "done"
    ]
    return done.count(False), done.count(True)


def _table(title: str, rows: list[dict[str, Any]], names: list[str]) -> PlainTable:
    """Return a table of named columns: the first names the row, the others hold figures."""
    first, *others = (name.removesuffix("_mean").replace("_", "\n") for name in names)
    columns = [Column(first), *(Column(name, is_number=True) for name in others)]
    return PlainTable(columns, [[_cell(row.get(name)) for name in names] for row in rows], title)


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)
