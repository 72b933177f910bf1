"""Writes the page that compares results, `comparison.html`."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from maskrnn_core.digest import stable_digest
from storage.errors import StorageError
from storage.files.output_folder import OutputFolder
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.pages.contestants import Contestant
from tasks.pages.media import MEDIA, write_parts
from tasks.pages.page_data import object_rows, track_rows, video_rows
from tasks.pages.paired import differences, markdown_comparison, paired_tests, sequence_means
from tasks.pages.rendering import render
from tasks.pages.shown import ShownVideo
from tasks.reporting.folder import replace_file, report_folder
from tasks.reporting.summary import compared_presets
from tasks.reporting.tables import Tables
from tasks.scores.aggregation import FIGURES, aggregate

PAGE = "comparison.html"


def compared(contestants: Sequence[Contestant]) -> list[tuple[Contestant, pd.DataFrame]]:
    """Return every result but the first with its differences to the first, per sequence.

    Raises:
        ParameterError: fewer than two results, or two without a common sequence.
    """
    if len(contestants) < 2:
        raise ParameterError("compare takes two results or more; name another run or folder")
    first = contestants[0]
    found = []
    for other in contestants[1:]:
        table = differences(sequence_means(first.per_object), sequence_means(other.per_object))
        if table.empty:
            raise ParameterError(
                f"{first.title} and {other.title} have no sequence in common; compare results on "
                "the same data set"
            )
        found.append((other, table))
    return found


def markdown(contestants: Sequence[Contestant]) -> str:
    """Return the comparison for the terminal; errors as for `compared`."""
    sections = [
        markdown_comparison(contestants[0].title, other.title, table)
        for other, table in compared(contestants)
    ]
    return "\n\n".join(sections)


def comparison_folder(store: ArtifactStore, contestants: Sequence[Contestant]) -> Path:
    """The folder of a comparison: in the report of the first run, else below this folder."""
    name = f"comparison-{stable_digest([c.title for c in contestants])[:8]}"
    runs = [contestant.run for contestant in contestants if contestant.run is not None]
    if not runs:
        return Path("maskrnn-reports") / name
    return report_folder(store, RunLedger(store, runs[0].info.run_id).location) / name


def check_users_folder(folder: Path) -> None:
    """Refuse a folder in which the page would replace something; call this before any work.

    Raises:
        OccupiedOutputError: the page would replace a file that this program did not write.
        StoreAccessError: the folder cannot be read.
    """
    OutputFolder(folder).check(files=[PAGE])
    OutputFolder(folder / MEDIA).check()


def write_comparison(
    contestants: Sequence[Contestant], folder: Path, *, is_users: bool = True
) -> Path:
    """Write the page into a folder; return its path.

    Videos can be played where one of the results is a run, which has the frames.

    Args:
        contestants: the results; the others are compared with the first.
        folder: of the page; missing folders are made.
        is_users: whether the user named the folder, so that others may have written files into it.

    Raises:
        ParameterError: as for `compared`.
        OccupiedOutputError: as for `check_users_folder`.
    """
    titles = [contestant.title for contestant in contestants]
    pairs = compared(contestants)
    moved = pd.concat([table.assign(J=table["J"].abs()) for _, table in pairs])
    order = list(
        moved.groupby("video")["J"].max().sort_values(ascending=False, kind="stable").index
    )
    per_object = pd.concat([c.per_object.assign(preset=c.title) for c in contestants])
    per_frame = pd.concat([c.per_frame.assign(preset=c.title) for c in contestants])
    tables = Tables(per_frame, per_object, *aggregate(per_object, titles))

    def shown(name: str) -> ShownVideo | None:
        return _shown(contestants, name)

    parts = write_parts(order, shown, folder)
    opened = [video for name in parts if (video := shown(name)) is not None]
    tracked, lost = track_rows(opened, order, titles)
    content: dict[str, Any] = {
        "methods": titles,
        "videos": video_rows(order, parts),
        "columns": list(FIGURES),
        "rows": object_rows(per_object, order, titles),
        "tracked": tracked,
        "lost": lost,
        "pairs": [
            {"first": 0, "other": titles.index(other.title), "rows": _rows(table, order)}
            for other, table in pairs
        ],
    }
    page = render(
        "comparison.html.j2",
        title=" against ".join(titles[1:] + titles[:1]) if len(titles) == 2 else "Comparison",
        titles=titles,
        headline=compared_presets(tables, titles),
        tests=[
            {"other": other.title, **asdict(test), "verdict": test.verdict}
            for other, table in pairs
            for test in paired_tests(table)
        ],
        playable=bool(parts),
        content=content,
        parts={},
    )
    data = page.encode("utf-8", "replace")
    if is_users:
        OutputFolder(folder).write(PAGE, data)
    else:
        replace_file(folder / PAGE, data)
    return folder / PAGE


def _rows(table: pd.DataFrame, order: Sequence[str]) -> list[list[Any]]:
    """`[video, J of the first, J of the other, change of J, the same for F]`."""
    places = {name: place for place, name in enumerate(order)}
    columns = ["J_first", "J_other", "J", "F_first", "F_other", "F"]
    return [
        [places[row["video"]], *(None if pd.isna(row[c]) else round(row[c], 4) for c in columns)]
        for row in table.to_dict(orient="records")
    ]


def _shown(contestants: Sequence[Contestant], name: str) -> ShownVideo | None:
    """A video with all results, with the frames of the first run that has them."""
    for contestant in contestants:
        try:
            base = None if contestant.run is None else contestant.run.shown(name)
            if base is not None:
                found = {other.title: other.method(base) for other in contestants}
                methods = {title: method for title, method in found.items() if method is not None}
                return ShownVideo(name, base.video, methods, base.flow_key)
        except StorageError:
            continue
    return None
