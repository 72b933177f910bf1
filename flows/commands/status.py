"""Carries out `maskrnn status`: shows the runs of a store, or one run, once or until it ends."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from rich.live import Live
from rich.text import Text

from flows.commands.archive_status import (
    ArchiveStatus,
    print_archive_status,
    watch_archive_status,
)
from flows.console.plain_table import Cell, Column, PlainTable
from flows.terminal import Folded, Terminal
from storage.runs.all_runs import list_runs
from storage.runs.ledger import RunLedger
from storage.runs.run_status import Condition, RunStatus, VideoStatus, run_status
from storage.store.artifacts import ArtifactStore

_COLOURS: Mapping[Condition, str] = {
    "done": "green",
    "reused": "green",
    "failed": "red",
    "stale": "red",
    "running": "yellow",
    "waiting": "yellow",
    "pending": "dim",
}
_POLL_SECONDS = 2.0
_LIVE_VIDEOS = 20
"""How many videos the live table shows; active and failed ones come first."""


def print_runs(store_url: str) -> int:
    """Print the runs of a store; always return 0."""
    store = ArtifactStore(store_url)
    rows: list[Sequence[Cell]] = []
    for info in list_runs(store):
        if info.is_archive:
            rows.append(_archive_cells(ArchiveStatus(store, info)))
            continue
        status = run_status(store, info.run_id)
        counts = str(len(status.videos)), str(status.counts.get("failed", 0))
        rows.append((info.run_id, info.created, _state(status), *counts))
    names = [Column(name) for name in ("run", "created", "state")]
    numbers = [Column(name, is_number=True) for name in ("videos", "failed")]
    Terminal().print(PlainTable([*names, *numbers], rows, f"Runs in {store_url}"))
    return 0


def _archive_cells(status: ArchiveStatus) -> tuple[str, ...]:
    progress = status.progress
    counts = ("", "") if progress is None else (str(progress.total), str(progress.failed))
    return status.info.run_id, status.info.created, status.state, *counts


def print_status(store_url: str, run_id: str) -> int:
    """Print every video and stage of a run; return 1 if any failed or is stale."""
    store = ArtifactStore(store_url)
    if (info := RunLedger(store, run_id).info()).is_archive:
        return print_archive_status(store, info)
    status = run_status(store, run_id)
    console = Terminal()
    console.print(_headline(status))
    console.print(_table(status.records))
    return int(not status.is_well)


def watch_status(store_url: str, run_id: str) -> int:
    """Show a run until no process works on it any more; return 1 if anything failed or is stale.

    A terminal shows a live table; elsewhere every change prints a line.
    """
    store = ArtifactStore(store_url)
    if (info := RunLedger(store, run_id).info()).is_archive:
        return watch_archive_status(store, info)
    console = Terminal()
    if not console.is_terminal:
        return _follow(store, run_id, _line_printer(console))
    with Live(console=console, auto_refresh=False) as live:

        def show(status: RunStatus) -> None:
            first = sorted(status.records, key=_urgency)[:_LIVE_VIDEOS]
            live.update(Folded(_headline(status), _table(first)), refresh=True)

        return _follow(store, run_id, show)


def _follow(store: ArtifactStore, run_id: str, show: Callable[[RunStatus], None]) -> int:
    while True:
        status = run_status(store, run_id)
        show(status)
        if not status.is_driven:
            return int(not status.is_well)
        time.sleep(_POLL_SECONDS)


def _line_printer(console: Terminal) -> Callable[[RunStatus], None]:
    """Return a function that prints what has changed since its last call."""
    seen: dict[tuple[str, str], Condition] = {}

    def show(status: RunStatus) -> None:
        for video in status.records:
            for name, stage in video.stages.items():
                if seen.get((video.video, name)) != stage.condition:
                    seen[video.video, name] = stage.condition
                    parts = [video.video, name, stage.condition, stage.worker, stage.text]
                    line = " ".join(part for part in parts if part)
                    console.print(f"{time.strftime('%H:%M:%S')} {line}")
        if not status.is_driven:
            console.print(_headline(status))

    return show


def _headline(status: RunStatus) -> Text:
    text = Text(f"{status.info.run_id}, begun {status.info.created}: {_state(status)}")
    text.append(f"; videos: {_counted(status.videos) or 'none'}")
    if status.training:
        text.append(f"; for training: {_counted(status.training)}")
    for driver in status.drivers:
        life = f"last sign of life {driver.silent:.0f} s ago" if driver.is_alive else "gone"
        text.append(f"\ndriven by process {driver.pid} on {driver.host}, {life}")
    return text


def _counted(records: Iterable[VideoStatus]) -> str:
    counts = sorted(Counter(record.condition for record in records).items())
    return ", ".join(f"{count} {condition}" for condition, count in counts)


def _state(status: RunStatus) -> str:
    if status.is_driven:
        return "running"
    found = {record.condition for record in status.records}
    if found & {"stale", "pending"}:
        return "stopped before its end"
    if "failed" not in found:
        return "done"
    return "failed in part" if {"done", "reused"} & set(status.counts) else "failed"


def _table(videos: Iterable[VideoStatus]) -> PlainTable:
    rows: list[Sequence[Cell]] = []
    for video in videos:
        attempt = f" (attempt {video.attempt})" if video.attempt > 1 else ""
        name = Text(video.video + attempt, "bold")
        rows.append((name, _coloured(video.condition), "", "", ""))
        for stage_name, stage in video.stages.items():
            seconds = f"{stage.seconds:.1f}" if stage.seconds else ""
            if stage.silent is not None:
                seconds = f"beat {stage.silent:.0f} s ago"
            state = _coloured(stage.condition)
            rows.append((f"  {stage_name}", state, seconds, stage.worker, stage.text))
    columns = [
        Column("video, stage"),
        Column("state"),
        Column("seconds", is_number=True),
        Column("worker"),
        Column("error or note"),
    ]
    return PlainTable(columns, rows, has_text=True)


def _coloured(condition: Condition) -> Text:
    return Text(condition, style=_COLOURS[condition])


def _urgency(video: VideoStatus) -> tuple[int, str]:
    order = ("stale", "failed", "running", "waiting", "pending", "done", "reused")
    return order.index(video.condition), video.video
