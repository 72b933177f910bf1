"""Determines from the ledger alone which rows of a manifest remain; opens no video."""

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
    """The rows to process, and the results of the others.

    Args:
        table: of the checked manifest.
        requests: digest of what is requested for each row.
        order: indices of the rows to process: by priority, then the longest first.
        attempts: number of the attempt, this one included, for each row in `order`.
        settled: results of the others: done, or failed and to be skipped.
    """

    table: pd.DataFrame
    requests: Sequence[str]
    order: Sequence[int]
    attempts: Sequence[int]
    settled: Sequence[RowResult]

    def rows(self) -> Iterator[ArchiveRow]:
        """The rows to process, in order, created one at a time."""
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

    A row counts as done if its record says so for the same files, span and method, and its
    prediction exists.

    Args:
        store: the store of the run.
        ledger: the ledger of the run.
        table: of the checked manifest.
        method_digest: identity of the method.
        leave_failed: skip rows that have failed, unless their files changed.

    Raises:
        CorruptArtifactError, NewerSchemaError: a record cannot be read.
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
    """Call in order; for a remote store, several calls run at a time."""
    if is_local:
        yield from map(call, items)
        return
    with ThreadPoolExecutor(_REMOTE_REQUESTS) as pool:
        yield from pool.map(call, items)


def _given(seconds: float) -> float | None:
    return None if np.isnan(seconds) else seconds
