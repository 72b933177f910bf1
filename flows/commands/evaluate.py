"""What `maskrnn evaluate` does: progress, tables on the console and in files."""

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from flows.console.evaluation_options import AnnotationOptions, EvaluationOptions
from flows.console.options import names
from flows.console.output import print_evaluation
from tasks.errors import ParameterError
from tasks.evaluation.evaluation import Evaluation, EvaluationRequest, evaluate_predictions
from tasks.evaluation.output import write_official, write_tables
from tasks.inputs.sources import DatasetSpec


def evaluate(predictions: Path, data: AnnotationOptions, options: EvaluationOptions) -> None:
    """Evaluate, print, and write what was asked for.

    Raises:
        ParameterError, DatasetError: bad input; see `evaluate_predictions`.
    """
    if options.official_csv and options.out is None:
        raise ParameterError("--official-csv writes files: name their folder with --out")
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
    evaluation = _with_progress(request)
    print_evaluation(evaluation)
    if options.out is not None:
        write_tables(evaluation, options.out)
        if options.official_csv:
            write_official(evaluation, options.out)
        Console(soft_wrap=True).print(f"Tables: {options.out}", highlight=False, markup=False)


def _with_progress(request: EvaluationRequest) -> Evaluation:
    """A bar on a terminal; elsewhere nothing, so that logs stay short."""
    console = Console(stderr=True)
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
