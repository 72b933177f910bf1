"""Carries out `maskrnn evaluate`: shows progress, prints tables and writes them to files."""

from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from flows.console.evaluation_options import AnnotationOptions, EvaluationOptions
from flows.console.options import names
from flows.console.output import print_evaluation
from flows.console.plain_table import Column, PlainTable
from flows.terminal import Terminal
from storage.files.output_folder import OutputFolder
from tasks.errors import ParameterError
from tasks.evaluation.evaluation import (
    DEFAULT_SPLIT,
    Evaluation,
    EvaluationRequest,
    evaluate_predictions,
    open_request,
)
from tasks.evaluation.output import output_names, write_official, write_tables
from tasks.evaluation.plan import check_plan, plan_evaluation
from tasks.inputs.sources import DatasetSpec, dataset_names, told_by_layout

_PLAN = (
    Column("sequence"),
    Column("objects", is_number=True),
    Column("frames", is_number=True),
    Column("counted", is_number=True),
    Column("missing", is_number=True),
)


def evaluate(predictions: Path, data: AnnotationOptions, options: EvaluationOptions) -> None:
    """Evaluate predictions, print the results and write the tables that were requested.

    With `dry_run`, only print what would be evaluated and written.

    Raises:
        ParameterError, DatasetError: bad input; see `evaluate_predictions`.
        OccupiedOutputError: the tables would replace files that this program did not write.
    """
    if options.official_csv and options.out is None:
        raise ParameterError("--official-csv writes files; name a folder for them with --out")
    root = None if data.root is None else str(data.root)
    spec = DatasetSpec(data.dataset or _told_dataset(root), root, data.split)
    request = EvaluationRequest(
        predictions,
        spec,
        names(data.videos) if data.videos is not None else None,
        options.protocol,
        options.missing == "empty",
        options.stability,
        options.workers,
    )
    out = None if options.out is None else _checked_folder(options.out, request, options)
    if options.dry_run:
        _print_plan(request, options)
        return
    evaluation = _with_progress(request)
    print_evaluation(evaluation)
    if out is not None:
        write_tables(evaluation, out)
        if options.official_csv:
            write_official(evaluation, out)
        Terminal().print(f"Tables: {options.out}")


def _told_dataset(root: str | None) -> str:
    if root is None:
        raise ParameterError(
            "evaluate needs --dataset NAME, or --root DIR, whose layout tells it; known are "
            f"{', '.join(dataset_names())}"
        )
    return told_by_layout(root)


def _checked_folder(
    folder: Path, request: EvaluationRequest, options: EvaluationOptions
) -> OutputFolder:
    """Return the folder for the tables after checking that no foreign file is replaced."""
    out = OutputFolder(folder)
    split = request.spec.split or DEFAULT_SPLIT
    out.check(files=output_names(split if options.official_csv else None))
    return out


def _print_plan(request: EvaluationRequest, options: EvaluationOptions) -> None:
    """Print what would be evaluated and written.

    Raises:
        ParameterError: the evaluation would be refused.
    """
    opened = open_request(request)
    planned = plan_evaluation(opened)
    spec, console = request.spec, Terminal()
    data = f"{spec.name}, split {spec.split or DEFAULT_SPLIT}"
    rows = [
        [one.video, *map(str, (len(one.objects), one.frames, one.counted, one.missing))]
        for one in planned
    ]
    console.print(PlainTable(_PLAN, rows, f"{opened.predictions.place}, against {data}"))
    objects = sum(len(one.objects) for one in planned)
    frames = sum(one.frames for one in planned)
    console.print(f"{len(planned)} sequences, {objects} objects, {frames} frames.")
    console.print(f"Protocol {opened.rules.name}, {'with' if options.stability else 'without'} T.")
    check_plan(opened, planned)
    if missing := sum(one.missing for one in planned):
        console.print(f"{missing} missing frames would count as empty.")
    console.print("The predicted masks were not read: damage, sizes and labels are not checked.")
    if options.out is None:
        console.print("Tables would be printed, and no file written (see --out).")
    else:
        console.print(f"Tables would be written to {options.out}")


def _with_progress(request: EvaluationRequest) -> Evaluation:
    """Evaluate with a progress bar on a terminal; elsewhere without one, to keep logs short."""
    console = Terminal(stderr=True)
    columns = (
        TextColumn("evaluate"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("frames"),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    with bar:
        frames = bar.add_task("evaluate", total=None)
        return evaluate_predictions(
            request,
            lambda total: bar.update(frames, total=total),
            lambda done: bar.advance(frames, done),
        )
