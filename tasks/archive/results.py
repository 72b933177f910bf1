"""Collects results of all rows of a run as numbers in columns: 100,000 rows take about 30 MB."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from storage.archive.shown_address import shown_address
from tasks.archive.rows import COUNTS, SECONDS, TRUST, RowResult

_STATES = ("pending", "done", "failed")


class Results:
    """Accepts results in any order.

    Args:
        count: number of rows.
    """

    def __init__(self, count: int) -> None:
        self._state = np.zeros(count, np.int8)
        self._reused = np.zeros(count, bool)
        self._now = np.zeros(count, bool)
        self._attempt = np.zeros(count, np.int32)
        self._seconds = np.zeros(count)
        self._figures = {name: np.full(count, np.nan) for name in (*SECONDS, *COUNTS, *TRUST)}
        self._worker: list[str] = [""] * count
        self._key: list[str] = [""] * count
        self._error: list[str] = [""] * count
        self._note: list[str] = [""] * count

    def __len__(self) -> int:
        return len(self._state)

    def put(self, result: RowResult, *, now: bool) -> None:
        """Store the result of a row that ended in this run (`now`) or an earlier one."""
        index = result.index
        self._state[index] = _STATES.index(result.state)
        self._reused[index] = result.reused
        self._now[index] = now
        self._attempt[index] = result.attempt
        self._seconds[index] = result.seconds
        for name in self._figures.keys() & result.figures.keys():
            self._figures[name][index] = result.figures[name]
        self._worker[index] = result.worker
        self._key[index] = result.key
        self._error[index] = result.error or ""
        self._note[index] = result.note

    def table(self, manifest: pd.DataFrame) -> pd.DataFrame:
        """Return a row per row of the manifest, with the request and its result.

        `seconds` is the time on the worker; the stages' seconds are wall times, which overlap.
        `now`
        separates the rows of this run from those of earlier ones.
        """
        asked = manifest[["row", "id", "video", "mask", "priority", "start", "end"]]
        return asked.assign(
            video=[shown_address(uri) for uri in asked["video"]],
            mask=[shown_address(uri) for uri in asked["mask"]],
            state=np.array(_STATES)[self._state],
            now=self._now,
            reused=self._reused,
            attempt=self._attempt,
            worker=self._worker,
            seconds=self._seconds,
            **{name: self._figures[name] for name in TRUST},
            **{name: self._figures[name] for name in SECONDS},
            **{name: self._figures[name] for name in COUNTS},
            prediction=self._key,
            error=self._error,
            note=self._note,
        )

    def failed(self, ids: Sequence[str]) -> dict[str, str]:
        """Return id and error of the rows that failed."""
        bad = np.flatnonzero(self._state == _STATES.index("failed"))
        return {ids[index]: self._error[index] for index in bad.tolist()}
