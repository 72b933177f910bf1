"""Carries out `maskrnn export`: writes predictions as files for other programs."""

from collections.abc import Sequence
from pathlib import Path

from flows.console.guarded_command import DONE, FAILED
from flows.console.output import print_error
from flows.terminal import Terminal
from storage.store.artifacts import ArtifactStore
from tasks.export.export_formats import NotExported, choose_exports, export


def export_predictions(
    store_url: str,
    run: str | None,
    folder: Path,
    formats: Sequence[str],
    videos: Sequence[str] | None,
) -> int:
    """Write predictions and print where they are; return 1 if something could not be written."""
    console = Terminal()
    store = ArtifactStore(store_url)
    chosen = choose_exports(store, run, videos)
    problems: list[NotExported] = []
    for result in export(store, chosen, folder.expanduser(), formats):
        if isinstance(result, NotExported):
            problems.append(result)
            print_error(result.text)
        else:
            console.print(str(result))
    whole = len(chosen) - len({item.export for item in problems if item.export is not None})
    console.print(f"{whole} of {len(chosen)} predictions are in {folder}")
    return FAILED if problems else DONE
