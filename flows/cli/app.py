"""Defines the command line `maskrnn`. A command loads Prefect and torch only when it needs them."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter

from flows.cli import archive_options as archive_cli
from flows.cli import correction_commands, run_commands
from flows.cli.interrupts import leaving_soon_on_interrupt, print_interrupted
from flows.cli.missing_arguments import shown_error
from flows.commands import weights as weights_command
from flows.console.evaluation_options import AnnotationOptions, EvaluationOptions
from flows.console.guarded_command import BAD_INPUT, DONE, FAILED, guarded, store_url
from flows.console.options import (
    DataOptions,
    LogOptions,
    MethodOptions,
    RunOptions,
    StoreOptions,
    absolute_path,
    as_fields,
    names,
)

app = App(
    name="maskrnn",
    help="Instance-level video object segmentation in batches (MaskRNN).\n\n"
    "Runs appear in Prefect if PREFECT_API_URL names a server; no server is needed.\n\n"
    "Exit codes: 0 done, 1 a video or the run failed, 2 bad input.",
    suppress_keyboard_interrupt=False,
    version=lambda: __import__("importlib.metadata").metadata.version("maskrnn"),
)

_ANNOTATIONS = AnnotationOptions()
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
    """Segment videos, compare presets, evaluate the results and write a report.

    The store keeps every result, so running the same command again recomputes nothing.

    Parameters
    ----------
    compare
        More presets to run on the same videos, separated by commas; "" for none.
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
    """Reproduce Table 2 of the paper: the method without each part, with and without finetuning.

    Configurations share the stages that they have in common. The same command continues an
    interrupted run and recomputes nothing. --preset names the full method.

    Parameters
    ----------
    compare
        More presets to run on the same videos, separated by commas; "" for none.
    """
    return _execute("report", store, data, method, run, compare=names(compare), ablation=True)


@app.command
def ingest(
    *, data: DataOptions = _DATA, run: RunOptions = _RUN, store: StoreOptions = _STORE
) -> int:
    """Copy the videos of a data set into the store."""
    return _execute("ingest", store, data, run)


@app.command
def flow(
    *,
    data: DataOptions = _DATA,
    flow: str = "dis",
    flow_weights: str | None = None,
    gc: Annotated[bool, Parameter(negative="")] = False,
    run: RunOptions = _RUN,
    store: StoreOptions = _STORE,
) -> int:
    """Ingest videos and estimate optical flow in both directions, or remove unused flow (--gc).

    Parameters
    ----------
    flow
        Optical flow estimator; `maskrnn doctor` lists them.
    flow_weights
        File with the weights of a flow network. Default: the folders that `maskrnn doctor` lists.
    gc
        Only remove optical flow that no run refers to; in a local store, also remove unfinished
        drafts that nothing has written to for a week. With --dry-run, only list what would be
        removed.
    """
    if gc:

        def collect() -> int:
            from flows.commands.flow import collect_flow

            return collect_flow(store_url(store), dry_run=run.dry_run)

        return guarded(collect, store)
    file = None if flow_weights is None else absolute_path(flow_weights)
    return _execute("flow", store, data, run, flow=flow, flow_weights=file)


@app.command
def train(
    *,
    data: DataOptions = _DATA,
    method: MethodOptions = _METHOD,
    run: RunOptions = _RUN,
    store: StoreOptions = _STORE,
) -> int:
    """Train a parent network on the train split or a part of it."""
    return _execute("train", store, data, method, run)


@app.command
def segment(
    video: Path | None = None,
    *,
    mask: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    box: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    points: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    preview: bool = False,
    out: Path | None = None,
    data: DataOptions = _DATA,
    method: MethodOptions = _METHOD,
    run: RunOptions = _RUN,
    store: StoreOptions = _STORE,
) -> int:
    """Segment your own video, or a data set, into label maps (palette PNG).

    `maskrnn segment VIDEO --mask FIRST.png` is all you need for one video. The preset lucid needs
    nothing else. Others take --parent, or their parent for the generated data set, which is
    trained if it is missing.

    Parameters
    ----------
    video
        A video file (mp4, mkv, mov, avi, webm) or a folder of images. Without it: --dataset or
        --root.
    mask
        Masks of the objects: a palette or black-and-white PNG, a folder, or COCO JSON. For masks
        of several frames: FRAME=FILE, once per frame.
    box
        In place of a mask: X0,Y0,X1,Y1 around an object in the first frame. Once per object.
    points
        In place of a mask: "+X,Y -X,Y", on and beside an object in the first frame. Once per
        object.
    preview
        Only draw the first masks over their frames, and stop.
    out
        Folder for the label maps and an overlay video. Default: VIDEO-masks beside the video.
    """
    is_own_video = any((video, mask, box, points, preview, out))
    if not is_own_video and (data.dataset or data.root):
        return _execute("segment", store, data, method, run)

    def own_video() -> int:
        from flows.commands.first_masks import FirstMasks
        from flows.commands.segment import segment_own_video

        first = FirstMasks(mask, box, points)
        fields = {**as_fields(store, method, run), "compare": (), "until": "segment"}
        return segment_own_video(
            video, first, out, data, fields, only_preview=preview, dry_run=run.dry_run
        )

    return guarded(own_video, store)


@app.command
def evaluate(
    predictions: Path,
    *,
    data: AnnotationOptions = _ANNOTATIONS,
    options: EvaluationOptions = _EVALUATION,
) -> int:
    """Evaluate predictions of any program against a data set: J, F and T.

    Parameters
    ----------
    predictions
        A folder or zip file with VIDEO/FRAME.png, a Zarr group with label maps per video, or a
        store.
    """

    def run() -> int:
        from flows.commands.evaluate import evaluate as evaluate_and_print

        evaluate_and_print(predictions, data, options)
        return DONE

    return guarded(run, LogOptions(debug=options.debug))


app.command(archive_cli.archive)
app.command(weights_command.weights)
app.command(run_commands.status)
app.command(run_commands.rerun)
app.command(run_commands.report)
app.command(run_commands.compare)
app.command(correction_commands.suggest)
app.command(correction_commands.correct)
app.command(run_commands.export)
app.command(run_commands.verify)


@app.command
def doctor() -> int:
    """Show the device, precision, flow estimators and weights that this machine offers."""

    def show() -> int:
        from flows.commands.doctor import print_doctor

        return print_doctor()

    return guarded(show)


def main() -> None:
    """Run the command line and exit with its code."""
    with leaving_soon_on_interrupt():
        try:
            code = app(
                sys.argv[1:],
                exit_on_error=False,
                result_action="return_value",
                error_formatter=shown_error,
            )
        except CycloptsError:
            code = BAD_INPUT  # the error has been printed
        except KeyboardInterrupt:
            print_interrupted()
            code = FAILED
    sys.exit(code if isinstance(code, int) else DONE)


def _execute(until: str, store: StoreOptions, *groups: object, **further: object) -> int:
    """Run the pipeline up to a stage, with no other presets unless `compare` names them."""
    dry_run = any(isinstance(group, RunOptions) and group.dry_run for group in groups)

    def run() -> int:
        from flows.commands.execution import execute

        fields = {**as_fields(store, *groups), "compare": (), **further, "until": until}
        return execute(fields, dry_run=dry_run)

    return guarded(run, store)


if __name__ == "__main__":
    main()
