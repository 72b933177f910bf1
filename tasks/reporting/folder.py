"""Where a report is."""

from pathlib import Path

from storage.artifacts import ArtifactStore

SUMMARY = "summary.md"
FIGURES = "summary.json"


def report_folder(store: ArtifactStore, location: str) -> Path:
    """Folder of a run's report: beside its ledger, or here when the store is remote.

    Args:
        store: the store of the run.
        location: of the run's ledger.
    """
    if store.folder.is_local:
        return Path(location) / "report"
    return Path("maskrnn-reports") / location.rstrip("/").rsplit("/", 1)[-1]
