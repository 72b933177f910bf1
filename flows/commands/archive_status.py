"""Prints what `maskrnn status` shows of an archive: totals and failed rows, not every row."""

import time

from rich.text import Text

from flows.terminal import Terminal
from storage.archive.progress_file import ArchiveProgress, read_progress
from storage.runs.drivers import Driver, drivers
from storage.runs.ledger import RunInfo, RunLedger
from storage.runs.names import RecordName
from storage.store.artifacts import ArtifactStore

_SHOWN = 100
_POLL_SECONDS = 5.0


class ArchiveStatus:
    """The state of an archive run at one moment.

    Args:
        store: the store of the run.
        info: describes the run.
    """

    def __init__(self, store: ArtifactStore, info: RunInfo) -> None:
        self.info = info
        before = drivers(store, info.run_id)
        self.progress: ArchiveProgress | None = read_progress(store, info.run_id)
        # We read the driver before and after, so one that starts or ends meanwhile never looks
        # dead.
        self.drivers: list[Driver] = [*before, *drivers(store, info.run_id)]

    @property
    def is_driven(self) -> bool:
        """Whether a living process works on the run."""
        return any(driver.is_alive for driver in self.drivers)

    @property
    def state(self) -> str:
        """The state in words, the same as for other runs."""
        if self.is_driven:
            return "running"
        if self.progress is None or not self.progress.is_over:
            return "stopped before its end"
        if not self.progress.failed:
            return "done"
        return "failed" if self.progress.failed == self.progress.total else "failed in part"

    @property
    def is_well(self) -> bool:
        """Whether nothing failed and nothing was abandoned."""
        failed = self.progress is not None and self.progress.failed
        return not failed and self.state in ("running", "done")


def print_archive_status(store: ArtifactStore, info: RunInfo) -> int:
    """Print totals and failed rows; return 1 if any failed or no process continues the rest."""
    status = ArchiveStatus(store, info)
    console = Terminal()
    console.print(_headline(status))
    for line in _failed_training(store, info.run_id):
        console.print(Text(f"  {line}", style="red"))
    failures = () if status.progress is None else status.progress.failures
    for failure in failures[:_SHOWN]:
        console.print(Text(f"  {failure.id}: {failure.error}", style="red"))
    failed = 0 if status.progress is None else status.progress.failed
    if failed > _SHOWN:
        text = f"  and {failed - _SHOWN} more; videos.csv of `maskrnn report {info.run_id}` has all"
        console.print(text)
    return int(not status.is_well)


def watch_archive_status(store: ArtifactStore, info: RunInfo) -> int:
    """Print a line at every change until no process works on the run any more."""
    console = Terminal()
    told = ""
    while (status := ArchiveStatus(store, info)).is_driven:
        line = "" if status.progress is None else status.progress.line()
        if line != told:
            console.print(f"{time.strftime('%H:%M:%S')} {line}")
            told = line
        time.sleep(_POLL_SECONDS)
    return print_archive_status(store, info)


def _failed_training(store: ArtifactStore, run_id: str) -> list[str]:
    """Return a line for every failed stage of the parent training and its videos."""
    ledger = RunLedger(store, run_id)
    records = [
        ledger.read(name) for name in ledger.videos() if RecordName.parse(name).role != "video"
    ]
    return [
        f"{record.video}, {name}: {stage.error}"
        for record in records
        if record is not None
        for name, stage in record.stages.items()
        if stage.state == "failed"
    ]


def _headline(status: ArchiveStatus) -> Text:
    text = Text(f"{status.info.run_id}, begun {status.info.created}: {status.state}")
    text.append(f"\nmanifest {status.info.parameters['manifest']}")
    if status.progress is not None:
        text.append(f"\n{status.progress.line()}")
    for driver in {driver.token: driver for driver in status.drivers}.values():
        life = f"last sign of life {driver.silent:.0f} s ago"
        text.append(
            f"\ndriven by process {driver.pid} on {driver.host}, "
            f"{life if driver.is_alive else 'gone'}"
        )
    return text
