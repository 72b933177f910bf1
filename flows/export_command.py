"""`maskrnn export`: predictions as files that other programs read."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from flows.guarded_command import DONE
from storage.artifacts import ArtifactStore
from tasks.exports import choose_exports, export


def export_predictions(
    store_url: str,
    run: str | None,
    folder: Path,
    formats: Sequence[str],
    videos: Sequence[str] | None,
) -> int:
    """Write them and print where; arguments and errors as for `tasks.exports`."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    store = ArtifactStore(store_url)
    chosen = choose_exports(store, run, videos)
    for path in export(store, chosen, folder.expanduser(), formats):
        console.print(str(path))
    console.print(f"{len(chosen)} predictions of {store.url} exported to {folder}")
    return DONE
