"""Finds the page of a run, and writes it anew if the run has gone on since."""

from pathlib import Path

from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.reporting.folder import report_folder

PAGE = "report.html"


def current_page(store: ArtifactStore, run_id: str) -> Path:
    """Return the page of a run. It is written only if it is missing or older than the ledger.

    Raises:
        MissingArtifactError: there is no such run; the message names similar ones.
    """
    ledger = RunLedger(store, run_id)
    ledger.info()
    page = report_folder(store, ledger.location) / PAGE
    if store.folder.is_local and page.exists():
        run = Path(ledger.location)
        files = [run / "run.json", *(run / "videos").glob("*.json")]
        if page.stat().st_mtime_ns >= max(file.stat().st_mtime_ns for file in files):
            return page
    from tasks.pages.report_page import write_report_page

    return write_report_page(store, run_id)
