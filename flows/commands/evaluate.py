"""Carries out `maskrnn evaluate`: shows progress, prints tables and writes them to files."""

from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from flows.console.evaluation_options import AnnotationOptions, EvaluationOptions
from flows.console.options import names
from flows.console.output import print_evaluation
from flows.terminal import Terminal
from storage.files.output_folder import OutputFolder
from tasks.errors import ParameterError
from tasks.evaluation.evaluation import (
    DEFAULT_SPLIT,
    Evaluation,
    EvaluationRequest,
    evaluate_predictions,
)
from tasks.evaluation.output import output_names, write_official, write_tables
from tasks.inputs.sources import DatasetSpec


def evaluate(predictions: Path, data: AnnotationOptions, options: EvaluationOptions) -> None:
    """Evaluate predictions, print the results and write the tables that were requested.

    Raises:
        ParameterError, DatasetError: bad input; see `evaluate_predictions`.
        OccupiedOutputError: the tables would replace files that this program did not write.
    """
    if options.official_csv and options.out is None:
        raise ParameterError("--official-csv writes files; name a folder for them with --out")
    spec = DatasetSpec(data.dataset, None if data.root is None else str(data.root), data.split)
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
    evaluation = _with_progress(request)
    print_evaluation(evaluation)
    if out is not None:
        write_tables(evaluation, out)
        if options.official_csv:
            write_official(evaluation, out)
        Terminal().print(f"Tables: {options.out}")


def _checked_folder(
    folder: Path, request: EvaluationRequest, options: EvaluationOptions
) -> OutputFolder:
    """Return the folder for the tables after checking that no foreign file is replaced."""
    out = OutputFolder(folder)
    split = request.spec.split or DEFAULT_SPLIT
    out.check(files=output_names(split if options.official_csv else None))
    return out


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
