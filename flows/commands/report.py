"""Carries out `maskrnn report`: prints the summary of a run, and writes its page if it has one."""

import webbrowser

from flows.console.output import print_report
from flows.terminal import Terminal
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.pages.current_page import current_page
from tasks.reporting.folder import SUMMARY


def show_report(store_url: str, run_id: str, *, embed: bool, open_page: bool) -> int:
    """Print the summary of a run if it has one, write its page, perhaps open it; return 0.

    An archive has no page: its summary and the folder of its table are printed.

    Args:
        store_url: the store of the run.
        run_id: name of the run.
        embed: also write a page that contains its pictures.
        open_page: open the page in the browser; the embedded one if there is one.

    Raises:
        MissingArtifactError: there is no such run, or an archive that has no summary yet.
        ParameterError: the page of an archive was asked for.
    """
    store = ArtifactStore(store_url)
    if RunLedger(store, run_id).info().is_archive:
        if embed or open_page:
            raise ParameterError(
                f"the run {run_id} is an archive, which has no page: remove --embed and --open; "
                "its summary and its table videos.csv tell of all rows"
            )
        return print_report(store_url, run_id)
    pages = [current_page(store, run_id)]
    if (pages[0].parent / SUMMARY).exists():
        print_report(store_url, run_id)
    if embed:
        from tasks.pages.report_page import write_report_page

        pages.append(write_report_page(store, run_id, embed=True))
    console = Terminal()
    for name, page in zip(("Page", "One file"), pages, strict=False):
        console.print(f"{name}: {page}")
    if open_page:
        webbrowser.open(pages[-1].resolve().as_uri())
    return 0
