"""What of a manifest is left to do, told by the ledger alone: no video is opened."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from storage.kinds.predictions import PREDICTIONS
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.archive.records import result_of
from tasks.archive.rows import ArchiveRow, RowResult

_REMOTE_REQUESTS = 32

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True)
class ArchivePlan:
    """Rows to work on, and those that need not be.

    Args:
        table: of the checked manifest.
        requests: what is asked for each row, as a digest.
        order: indices of the rows to work on: by priority, then the longest first.
        attempts: of each row, this one included, for those in `order`.
        settled: results of the others: done, or failed and to be left alone.
    """

    table: pd.DataFrame
    requests: Sequence[str]
    order: Sequence[int]
    attempts: Sequence[int]
    settled: Sequence[RowResult]

    def rows(self) -> Iterator[ArchiveRow]:
        """The rows to work on, in order, made one at a time."""
        columns: dict[str, list[Any]] = {
            name: self.table[name].tolist() for name in ("id", "video", "mask", "start", "end")
        }
        for index in self.order:
            yield ArchiveRow(
                index,
                columns["id"][index],
                columns["video"][index],
                columns["mask"][index],
                _given(columns["start"][index]),
                _given(columns["end"][index]),
                self.requests[index],
                self.attempts[index],
            )


def plan_rows(
    store: ArtifactStore,
    ledger: RunLedger,
    table: pd.DataFrame,
    method_digest: str,
    *,
    leave_failed: bool,
) -> ArchivePlan:
    """Compare a manifest with the ledger of its run.

    A row counts as done when its record says so, for the same files, span and method, and its
    prediction is there.

    Args:
        store: of the run.
        ledger: of the run.
        table: of the checked manifest.
        method_digest: identity of the method.
        leave_failed: whether rows that have failed are left alone, unless their files changed.

    Raises:
        CorruptArtifactError, NewerSchemaError: a record that cannot be read.
    """
    requests = _requests(table, method_digest)
    index_of = {name: index for index, name in enumerate(table["id"].tolist())}
    known = [(name, index_of[name]) for name in ledger.videos() if name in index_of]
    attempts = [1] * len(table)
    settled = []

    def look(item: tuple[str, int]) -> tuple[int, int, RowResult | None]:
        name, index = item
        record = ledger.read(name)
        if record is None or record.request != requests[index]:
            return index, 1, None
        result = result_of(record, index)
        if result.state == "done" and result.key and store.exists(PREDICTIONS, result.key):
            return index, record.attempt, result
        if result.state == "failed" and leave_failed:
            return index, record.attempt, result
        return index, record.attempt + 1, None

    for index, attempt, result in _each(look, known, is_local=store.folder.is_local):
        attempts[index] = attempt
        if result is not None:
            settled.append(result)
    left = np.ones(len(table), bool)
    left[[result.index for result in settled]] = False
    by = np.lexsort((-table["bytes"].to_numpy(), -table["priority"].to_numpy()))
    return ArchivePlan(table, requests, by[left[by]].tolist(), attempts, settled)


def _requests(table: pd.DataFrame, method_digest: str) -> list[str]:
    columns = [table[name].tolist() for name in ("video", "mask", "start", "end", "state")]
    return [
        sha256("\n".join(map(str, (method_digest, *fields))).encode()).hexdigest()[:32]
        for fields in zip(*columns, strict=True)
    ]


def _each(call: Callable[[A], B], items: Sequence[A], *, is_local: bool) -> Iterator[B]:
    """Calls in order; a remote store is asked for many things at a time."""
    if is_local:
        yield from map(call, items)
        return
    with ThreadPoolExecutor(_REMOTE_REQUESTS) as pool:
        yield from pool.map(call, items)


def _given(seconds: float) -> float | None:
    return None if np.isnan(seconds) else seconds
