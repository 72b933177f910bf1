"""The command line `maskrnn`. Prefect, torch and the rest load only when a command needs them."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter

from flows.evaluation_options import AnnotationOptions, EvaluationOptions
from flows.options import (
    DataOptions,
    MethodOptions,
    RunOptions,
    StoreOptions,
    as_fields,
    names,
    overrides,
)

DONE, FAILED, BAD_INPUT = 0, 1, 2

app = App(
    name="maskrnn",
    help="Instance-level video object segmentation in batches (MaskRNN).\n\n"
    "Exit codes: 0 done, 1 a video or the run failed, 2 bad input.",
    version=lambda: __import__("importlib.metadata").metadata.version("maskrnn"),
)

_DATA = DataOptions()
_EVALUATION = EvaluationOptions()
_METHOD = MethodOptions()
_RUN = RunOptions()
_STORE = StoreOptions()


@app.command
def benchmark(
    *,
    data: DataOptions = _DATA,
    method: MethodOptions = _METHOD,
    compare: str = "propagate,first-frame",
    run: RunOptions = _RUN,
    store: StoreOptions = _STORE,
) -> int:
    """Segment videos, compare with simpler presets, evaluate and report.

    Everything made is kept in the store: the same command again recomputes nothing.

    Parameters
    ----------
    compare
        Further presets for the same videos, separated by commas; none: "".
    """
    return _execute("report", store, data, method, run, compare=names(compare))


@app.command
def ablation(
    *,
    data: DataOptions = _DATA,
    method: MethodOptions = _METHOD,
    compare: str = "propagate,first-frame",
    run: RunOptions = _RUN,
    store: StoreOptions = _STORE,
) -> int:
    """Table 2 of the paper: the preset part by part, each with and without finetuning.

    All configurations share what they have in common; the same command again continues, and
    recomputes nothing that is there. --preset names the full method whose parts are taken away.

    Parameters
    ----------
    compare
        Further presets for the same videos, separated by commas; none: "".
    """
    return _execute("report", store, data, method, run, compare=names(compare), ablation=True)


@app.command
def ingest(
    *, data: DataOptions = _DATA, run: RunOptions = _RUN, store: StoreOptions = _STORE
) -> int:
    """Bring the videos of a data set into the store."""
    return _execute("ingest", store, data, run)


@app.command
def flow(
    *,
    data: DataOptions = _DATA,
    flow: str = "dis",
    flow_weights: str | None = None,
    gc: Annotated[bool, Parameter(negative="")] = False,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    run: RunOptions = _RUN,
    store: StoreOptions = _STORE,
) -> int:
    """Ingest, then estimate optical flow both ways; or remove flow that no run refers to.

    Parameters
    ----------
    flow
        Optical flow estimator; `maskrnn doctor` lists them.
    flow_weights
        File with the weights of a flow network. Default: where `maskrnn doctor` tells.
    gc
        Only remove flow that the ledger of no run refers to.
    dry_run
        With --gc: only tell what would be removed.
    """
    if gc or dry_run:

        def collect() -> int:
            from flows.flow_command import collect_flow

            return collect_flow(_store_url(store), gc=gc, dry_run=dry_run)

        return _guarded(collect, store.debug)
    return _execute("flow", store, data, run, flow=flow, flow_weights=flow_weights)


@app.command
def train(
    *,
    data: DataOptions = _DATA,
    method: MethodOptions = _METHOD,
    run: RunOptions = _RUN,
    store: StoreOptions = _STORE,
) -> int:
    """Train a parent network on the train split, or a part of it."""
    return _execute("train", store, data, method, run)


@app.command
def segment(
    *,
    data: DataOptions = _DATA,
    method: MethodOptions = _METHOD,
    run: RunOptions = _RUN,
    store: StoreOptions = _STORE,
) -> int:
    """Segment videos and write the label maps as palette PNG; no ground truth is needed."""
    return _execute("segment", store, data, method, run)


@app.command
def evaluate(
    predictions: Path, *, data: AnnotationOptions, options: EvaluationOptions = _EVALUATION
) -> int:
    """Evaluate predictions, whoever made them, against a data set: J, F and T.

    Parameters
    ----------
    predictions
        Folder or zip file with VIDEO/FRAME.png, a Zarr group with label maps per video, or a
        store.
    """

    def run() -> int:
        from flows.evaluate_command import evaluate as evaluate_and_print

        evaluate_and_print(predictions, data, options)
        return DONE

    return _guarded(run, options.debug)


@app.command
def status(
    run: str | None = None,
    *,
    watch: Annotated[bool, Parameter(negative="")] = False,
    store: StoreOptions = _STORE,
) -> int:
    """Show what a run has done, video by video; without RUN, list the runs.

    Exit code 1 when a video failed, or when its process is gone before the end.

    Parameters
    ----------
    run
        Name of the run, as its command printed it.
    watch
        Keep showing it until the run ends.
    """

    def show() -> int:
        from flows.status_command import print_runs, print_status, watch_status

        url = _store_url(store)
        if run is None:
            return print_runs(url)
        return watch_status(url, run) if watch else print_status(url, run)

    return _guarded(show, store.debug)


@app.command
def rerun(
    run: str,
    *,
    failed: Annotated[bool, Parameter(negative="")] = False,
    videos: str | None = None,
    stage: str | None = None,
    set: Annotated[list[str] | None, Parameter(consume_multiple=True, negative="")] = None,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    workers: int | None = None,
    dask_address: str | None = None,
    store: StoreOptions = _STORE,
) -> int:
    """Do what a run left undone, by its own parameters; all else is reused.

    Parameters
    ----------
    run
        Name of the run, as its command printed it.
    failed
        Only videos that failed, or that were cut off.
    videos
        Only these videos, separated by commas.
    stage
        Do this stage, and what follows, anew: ingest, flow, train, finetune, segment or evaluate.
    set
        Change options of the run, such as finetune.iterations=50.
    dry_run
        Only tell what would be reused and what computed.
    workers
        Local worker processes. Default: by cores, memory and GPUs.
    dask_address
        An existing Dask scheduler, such as tcp://127.0.0.1:8786.
    """

    def again() -> int:
        from flows.rerun_command import rerun as rerun_and_tell

        fields = {
            "run": run,
            "failed": failed,
            "videos": None if videos is None else names(videos),
            "stage": stage,
            "overrides": overrides(set or []),
            "store": _store_url(store),
            "workers": workers,
            "dask_address": dask_address,
        }
        return rerun_and_tell(fields, dry_run=dry_run)

    return _guarded(again, store.debug)


@app.command
def report(run: str, *, store: StoreOptions = _STORE) -> int:
    """Print the report of a run and where it is.

    Parameters
    ----------
    run
        Name of the run, as its command printed it.
    """

    def show() -> int:
        from flows.console import print_report

        return print_report(_store_url(store), run)

    return _guarded(show, store.debug)


@app.command
def doctor() -> int:
    """Show what this machine offers: device, precision, flow estimators and their weights."""

    def show() -> int:
        from flows.doctor import print_doctor

        return print_doctor()

    return _guarded(show, debug=False)


def main() -> None:
    """Entry point of the command."""
    try:
        code = app(sys.argv[1:], exit_on_error=False, result_action="return_value")
    except CycloptsError:
        code = BAD_INPUT  # the error has been printed
    sys.exit(code if isinstance(code, int) else DONE)


def _store_url(store: StoreOptions) -> str:
    from flows.parameters import default_store

    return store.store or default_store()


def _execute(until: str, store: StoreOptions, *groups: object, **further: object) -> int:
    """Run the pipeline up to a stage; without other presets unless `compare` names them."""

    def run() -> int:
        from flows.execution import execute

        fields = {**as_fields(store, *groups), "compare": (), **further, "until": until}
        return execute(fields)

    return _guarded(run, store.debug)


def _guarded(command: Callable[[], int], debug: bool) -> int:
    """Run a command; what the user can mend becomes one message and exit code 2."""
    from flows.console import print_error
    from flows.environment import prepare_environment

    prepare_environment(debug)
    try:
        return command()
    except KeyboardInterrupt:
        print_error("interrupted; the same command continues where this one stopped")
        return FAILED
    except Exception as error:
        from flows.failures import is_bad_input, is_expected

        if debug or not is_expected(error):
            raise
        print_error(str(error))
        return BAD_INPUT if is_bad_input(error) else FAILED


if __name__ == "__main__":
    main()
