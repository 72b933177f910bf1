"""Carries out `maskrnn compare`: prints differences as Markdown, and writes a page."""

import webbrowser
from collections.abc import Sequence
from pathlib import Path

from flows.console.markdown_page import MarkdownPage
from flows.terminal import Terminal
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.inputs.sources import DatasetSpec
from tasks.pages.compare_page import (
    check_users_folder,
    comparison_folder,
    markdown,
    write_comparison,
)
from tasks.pages.contestants import find_contestants


def compare_results(
    store_url: str,
    names: Sequence[str],
    data: tuple[str | None, str | None, str | None],
    out: Path | None,
    *,
    open_page: bool,
) -> int:
    """Compare results with the first of them; return 0.

    Args:
        store_url: the store of the runs.
        names: as `find_contestants` takes them.
        data: data set, root and split for predictions of other programs; three times None takes
            those of the first run.
        out: folder for the page; None chooses one.
        open_page: open the page in the browser.

    Raises:
        ParameterError, DatasetError, MissingArtifactError: a result cannot be compared.
        OccupiedOutputError: the page would replace a file of somebody else's in `out`.
    """
    if out is not None:
        check_users_folder(out)
    store = ArtifactStore(store_url)
    dataset, root, split = data
    if dataset is None and (root or split):
        given = [f"--{name}" for name, text in (("root", root), ("split", split)) if text]
        named = " and ".join(given)
        raise ParameterError(
            f"{named} {'needs' if len(given) == 1 else 'need'} the name of a data set: give "
            f"--dataset too, or remove {named} to compare on the data set of the first run"
        )
    spec = None if dataset is None else DatasetSpec(dataset, root, split)
    contestants = find_contestants(store, names, spec)
    console = Terminal()
    console.print(MarkdownPage(markdown(contestants)))
    folder = comparison_folder(store, contestants) if out is None else out
    page = write_comparison(contestants, folder, is_users=out is not None)
    console.print(f"Page: {page}")
    if open_page:
        webbrowser.open(page.resolve().as_uri())
    return 0
