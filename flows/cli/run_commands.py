"""Defines the commands for the contents of a store: status, rerun, report, export, verify."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from flows.console.guarded_command import guarded, store_url
from flows.console.options import StoreOptions, names, overrides

_STORE = StoreOptions()


def status(
    run: str | None = None,
    *,
    watch: Annotated[bool, Parameter(negative="")] = False,
    store: StoreOptions = _STORE,
) -> int:
    """Show the progress of a run for each video; without RUN, list the runs.

    Exit code 1 if a video failed, or if the process of the run died before the end.

    Parameters
    ----------
    run
        Name of the run, as its command printed it.
    watch
        Keep showing the progress until the run ends.
    """

    def show() -> int:
        from flows.commands.status import print_runs, print_status, watch_status

        url = store_url(store)
        if run is None:
            return print_runs(url)
        return watch_status(url, run) if watch else print_status(url, run)

    return guarded(show, store)


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
    force: Annotated[bool, Parameter(negative="")] = False,
    store: StoreOptions = _STORE,
) -> int:
    """Complete a run with its own parameters; results that exist are reused.

    Parameters
    ----------
    run
        Name of the run, as its command printed it.
    failed
        Only videos that failed, were interrupted, or could not start before the run ended.
    videos
        Only these videos, separated by commas.
    stage
        Repeat this stage and all later ones: ingest, flow, train, finetune, segment or evaluate.
    set
        Change options of the run, for example finetune.iterations=50.
    dry_run
        Only show what would be reused and what would be computed.
    workers
        Local worker processes. Default: chosen by cores, memory and GPUs.
    dask_address
        An existing Dask scheduler, for example tcp://127.0.0.1:8786.
    force
        Start even if disk space or memory seems too small.
    """

    def again() -> int:
        from flows.commands.rerun import rerun as rerun_and_tell

        fields = {
            "run": run,
            "failed": failed,
            "videos": None if videos is None else names(videos),
            "stage": stage,
            "overrides": overrides(set or []),
            "store": store_url(store),
            "workers": workers,
            "dask_address": dask_address,
            "force": force,
        }
        return rerun_and_tell(fields, dry_run=dry_run)

    return guarded(again, store)


def report(
    run: str,
    *,
    anew: Annotated[bool, Parameter(negative="")] = False,
    embed: Annotated[bool, Parameter(negative="")] = False,
    open: Annotated[bool, Parameter(negative="")] = False,
    store: StoreOptions = _STORE,
) -> int:
    """Print the report of a run, and write its page, report.html, from what the run has reached.

    An archive has a summary and a table of its rows, and no page.

    Parameters
    ----------
    run
        Name of the run, as its command printed it.
    anew
        First rewrite the report from what is in the store; computes nothing.
    embed
        Also write report-embedded.html, one file with all pictures inside, to be sent to others.
    open
        Open the page in the browser.
    """

    def show() -> int:
        from flows.commands.report import show_report

        if anew:
            from flows.runs.report import ReportParameters, write_anew
            from flows.runs.report import report as report_flow
            from flows.runs.run_flow import run_flow

            asked = ReportParameters(run=run, store=store_url(store))
            run_flow(lambda: write_anew(asked), lambda: (report_flow, asked))
        return show_report(store_url(store), run, embed=embed, open_page=open)

    return guarded(show, store)


def compare(
    *results: str,
    dataset: str | None = None,
    root: Path | None = None,
    split: str | None = None,
    out: Path | None = None,
    open: Annotated[bool, Parameter(negative="")] = False,
    store: StoreOptions = _STORE,
) -> int:
    """Compare results sequence by sequence: differences, a paired test, and a page with overlays.

    All results are compared with the first one.

    Parameters
    ----------
    results
        Names of runs (RUN, or RUN:PRESET for another of its presets), or folders, zip files or Zarr
        groups with predictions of any program.
    dataset
        Data set of the predictions of other programs. Default: that of the first run.
    root
        Folder of the data set.
    split
        Split of the data set.
    out
        Folder for the page, comparison.html. Default: in the report of the first run.
    open
        Open the page in the browser.
    """

    def show() -> int:
        from flows.commands.compare import compare_results

        spec = (dataset, None if root is None else str(root), split)
        return compare_results(store_url(store), results, spec, out, open_page=open)

    return guarded(show, store)


def export(
    run: str | None = None,
    *,
    out: Path,
    format: str = "png",
    videos: str | None = None,
    store: StoreOptions = _STORE,
) -> int:
    """Write the label maps of a run, or of a whole store, as files for other programs.

    Parameters
    ----------
    run
        Name of the run, as its command printed it. Default: all predictions in the store.
    out
        Folder for the files. A run with several presets gets one folder for each.
    format
        png (OUT/VIDEO/FRAME.png, palette), coco (run lengths), overlay (mp4), csv (a row per frame
        and object), mattes, cutouts, cvat, label-studio, davis-zip or youtube-vos-zip (all videos
        in one zip); separate several by commas.
    videos
        Only these videos, separated by commas.
    """

    def write() -> int:
        from flows.commands.export import export_predictions

        chosen = None if videos is None else names(videos)
        return export_predictions(store_url(store), run, out, names(format), chosen)

    return guarded(write, store)


def verify(url: str | None = None, *, store: StoreOptions = _STORE) -> int:
    """Check every marker, file and chunk of a store, and list the damaged ones.

    Exit code 1 if any is damaged.

    Parameters
    ----------
    url
        Folder or URL of the store. Default: the one that --store names.
    """

    def check() -> int:
        from flows.commands.verify import verify as verify_and_print

        return verify_and_print(url or store_url(store))

    return guarded(check, store)
