"""The records of a run: changed in memory, and written to its ledger at once or soon.

What others rely on is written at once: a reference to an artifact before a look at it, a failure,
the end of a video. That a stage is done can wait for a second, in which the next stage mostly
begins: one file is written in place of two.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from storage.errors import StorageError
from storage.runs.ledger import RunLedger, VideoRecord
from storage.store.delayed_calls import ALARM
from tasks.run.keyed_locks import KeyedLocks

SOON_SECONDS = 1.0
"""How late a record may be written that need not be at once."""

Change = Callable[[VideoRecord], VideoRecord]


class RunRecords:
    """Records by video; safe to use from many threads.

    Args:
        ledger: of the run.
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
        """The record of a video as it is now."""
        return self._records.get(video) or VideoRecord(video, attempt=1)

    def written(self, video: str) -> VideoRecord:
        """The record of a video as this process has written it last."""
        return self._written.get(video) or VideoRecord(video)

    def all(self) -> Mapping[str, VideoRecord]:
        """All records so far, by video."""
        with self._lock:
            return dict(self._records)

    def adopt(self, records: Iterable[VideoRecord]) -> None:
        """Take over records of former attempts."""
        with self._lock:
            self._records.update({record.video: record for record in records})

    def change(self, video: str, change: Change, *, soon: bool = False) -> None:
        """Replace a record by what `change` makes of it.

        Args:
            video: its name.
            change: of the record; called with no other change of it under way.
            soon: it may be written a little later, with the next change.

        Raises:
            StorageError: the ledger cannot be written.
        """
        with self._changing.holding(video):
            record = replace(change(self.of(video)), driver=self._driver)
            with self._lock:
                self._records[video] = record
                self._late.add(video)
                if soon and self._alarm is None:
                    self._alarm = ALARM.set(SOON_SECONDS, self._start_writing)
            if not soon:
                self._write(record)

    def close(self) -> None:
        """Write what has not been written yet, as far as that is possible."""
        with self._lock:
            alarm, self._alarm = self._alarm, None
        ALARM.cancel(alarm)
        self._write_late()

    def _write(self, record: VideoRecord) -> None:
        self._ledger.write(record)
        with self._lock:
            self._written[record.video] = record
            self._late.discard(record.video)

    def _start_writing(self) -> None:
        # In a thread of its own: a store may be slow, and the alarm must not be.
        threading.Thread(target=self._write_late, daemon=True, name="ledger").start()

    def _write_late(self) -> None:
        with self._lock:
            videos = sorted(self._late)
        for video in videos:
            # What cannot be written now is tried again with the next change, which tells.
            with self._changing.holding(video), suppress(StorageError, OSError):
                if video in self._late:
                    self._write(self.of(video))
        with self._lock:
            again = self._alarm is not None and bool(self._late)
            self._alarm = ALARM.set(SOON_SECONDS, self._start_writing) if again else None
