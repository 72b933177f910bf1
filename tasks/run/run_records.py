"""Changes the records of a run in memory and writes them to its ledger, at once or soon.

Records that other processes rely on are written at once: a reference to an artifact before it is
checked, a failure, the end of a video. The success of a stage can wait for a second; the next stage
usually begins by then, so that one file is written instead of two.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Set
from contextlib import suppress
from dataclasses import replace

from storage.errors import StorageError
from storage.runs.ledger import RunLedger, State, VideoRecord
from storage.store.delayed_calls import DELAYED_CALLS
from tasks.run.keyed_locks import KeyedLocks

SOON_SECONDS = 1.0
"""How many seconds a record may wait if it need not be written at once."""

Change = Callable[[VideoRecord], VideoRecord]


class RunRecords:
    """Records by video; safe to use from many threads.

    Args:
        ledger: the ledger of the run.
        driver: token of this process, which goes into every record.
    """

    def __init__(self, ledger: RunLedger, driver: str) -> None:
        self._ledger = ledger
        self._driver = driver
        self._lock = threading.Lock()
        self._records: dict[str, VideoRecord] = {}
        self._written: dict[str, VideoRecord] = {}
        self._changing = KeyedLocks()
        self._late: set[str] = set()
        self._alarm: object | None = None

    def of(self, video: str) -> VideoRecord:
        """Return the current record of a video."""
        return self._records.get(video) or VideoRecord(video, attempt=1)

    def written(self, video: str) -> VideoRecord:
        """Return the record of a video as this process last wrote it."""
        return self._written.get(video) or VideoRecord(video)

    def all(self) -> Mapping[str, VideoRecord]:
        """Return all records so far, by video."""
        with self._lock:
            return dict(self._records)

    def adopt(self, records: Iterable[VideoRecord]) -> None:
        """Take over records of former attempts."""
        with self._lock:
            self._records.update({record.video: record for record in records})

    def change(self, video: str, change: Change, *, soon: bool = False) -> None:
        """Replace a record by the result of `change`.

        Args:
            video: name of the video.
            change: returns the new record; no other change of the record runs at the same time.
            soon: the record may be written a little later, with the next change.

        Raises:
            StorageError: the ledger cannot be written.
        """
        with self._changing.holding(video):
            record = replace(change(self.of(video)), driver=self._driver)
            with self._lock:
                self._records[video] = record
                self._late.add(video)
                if soon and self._alarm is None:
                    self._alarm = DELAYED_CALLS.set(SOON_SECONDS, self._start_writing)
            if not soon:
                self._write(record)

    def close(self) -> None:
        """Write what has not been written yet, as far as possible."""
        with self._lock:
            alarm, self._alarm = self._alarm, None
        DELAYED_CALLS.cancel(alarm)
        self._write_late()

    def _write(self, record: VideoRecord) -> None:
        self._ledger.write(record)
        with self._lock:
            self._written[record.video] = record
            self._late.discard(record.video)

    def _start_writing(self) -> None:
        # We write in a separate thread: a store may be slow, and the alarm must not be delayed.
        threading.Thread(target=self._write_late, daemon=True, name="ledger").start()

    def _write_late(self) -> None:
        with self._lock:
            videos = sorted(self._late)
        for video in videos:
            # A record that cannot be written is tried again with the next change, which reports it.
            with self._changing.holding(video), suppress(StorageError, OSError):
                if video in self._late:
                    self._write(self.of(video))
        with self._lock:
            again = self._alarm is not None and bool(self._late)
            self._alarm = DELAYED_CALLS.set(SOON_SECONDS, self._start_writing) if again else None


def ended(record: VideoRecord) -> VideoRecord:
    """The record of a video that is done, failed if any of its stages failed, or else pending if
    the run was ended before one of them could start.

    Stages that were announced but never started, because an earlier one failed, are removed.
    """
    kept = {name: stage for name, stage in record.stages.items() if stage.state != "running"}
    found = {stage.state for stage in kept.values()}
    states: tuple[State, ...] = ("failed", "pending")
    state: State = next((state for state in states if state in found), "done")
    return replace(record, state=state, stages=kept, former=())


def without(record: VideoRecord, artifacts: Set[tuple[str, str]], note: str) -> VideoRecord:
    """A record without its references to some artifacts, (kind, key); the note tells why."""
    stages = {
        name: replace(
            stage,
            artifacts=tuple(pair for pair in stage.artifacts if pair not in artifacts),
            note=note,
        )
        if artifacts & set(stage.artifacts)
        else stage
        for name, stage in record.stages.items()
    }
    former = tuple(pair for pair in record.former if pair not in artifacts)
    return replace(record, stages=stages, former=former)
