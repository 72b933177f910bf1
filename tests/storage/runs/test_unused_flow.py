"""Removal of flow: flow that a run refers to stays."""

from pathlib import Path

import numpy as np
import pytest

from storage.errors import CorruptArtifactError
from storage.kinds.repair import repair
from storage.kinds.stored_flow import FLOW, write_flow
from storage.runs.all_runs import referred_artifacts
from storage.runs.ledger import RunLedger, StageRecord, VideoRecord
from storage.runs.unused_flow import remove_flow
from storage.store.artifacts import ArtifactStore


def _flow(store: ArtifactStore, key: str, *, fail: bool = False) -> None:
    field = np.ones((4, 5, 2), np.float32)
    pairs = [(i, field if i else None, field if i < 19 else None) for i in range(20)]
    count = 18 if fail else 20
    write_flow(store, key, lambda start: pairs[start:count], 20, (4, 5), {})


def _run(store: ArtifactStore, run: str, *keys: str, **others: object) -> None:
    stage = StageRecord("done", artifacts=tuple((FLOW, key) for key in keys))
    ledger = RunLedger(store, run)
    ledger.write(VideoRecord("libby", stages={"flow": stage}, **others))  # type: ignore[arg-type]


def test_only_what_no_run_refers_to(any_store: ArtifactStore) -> None:
    for key in ("a", "b", "c", "d"):
        _flow(any_store, key)
    _run(any_store, "one", "a")
    _run(any_store, "two", "b", former=((FLOW, "c"),))
    size = any_store.open(FLOW, "d").size
    found = remove_flow(any_store, dry_run=True)
    assert [(item.key, item.complete) for item in found] == [("d", True)]
    assert found[0].size >= size > 0
    assert any_store.keys(FLOW) == ["a", "b", "c", "d"]
    assert remove_flow(any_store) == found
    assert any_store.keys(FLOW) == ["a", "b", "c"]
    assert [repair(any_store, FLOW, key) for key in ("a", "b", "c")] == ["", "", ""]
    assert remove_flow(any_store) == []


def test_unfinished_flow(store: ArtifactStore) -> None:
    for key in ("a", "b", "c"):
        with pytest.raises(Exception, match="18 of 20"):
            _flow(store, key, fail=True)
    _run(store, "one", "a")
    lease = store.lease(FLOW, "b")
    assert lease is not None
    with lease:
        assert [item.key for item in remove_flow(store)] == ["c"], "b is being written"
    found = remove_flow(store)
    assert [(item.key, item.complete) for item in found] == [("b", False)]
    assert list(store.unfinished(FLOW)) == ["a"]


def test_a_run_that_comes_in_between(store: ArtifactStore) -> None:
    _flow(store, "a")

    def wanted() -> bool:
        assert not store.exists(FLOW, "a"), "who looks now does not find it"
        return True

    assert not store.remove_unless(FLOW, "a", wanted)
    assert repair(store, FLOW, "a") == ""
    assert store.exists(FLOW, "a")


def test_an_unreadable_ledger_stops_it(store: ArtifactStore) -> None:
    _flow(store, "a")
    _run(store, "one", "b")
    record = next((Path(store.url) / "runs" / "one" / "videos").iterdir())
    record.write_bytes(b"{")
    with pytest.raises(CorruptArtifactError):
        remove_flow(store)
    assert store.exists(FLOW, "a")


def test_references_of_a_ledger(store: ArtifactStore) -> None:
    _run(store, "one", "a", former=((FLOW, "b"), (FLOW, "a")))
    assert referred_artifacts(store) == {(FLOW, "a"), (FLOW, "b")}
    record = RunLedger(store, "one").read("libby")
    assert record is not None
    assert record.former == ((FLOW, "b"), (FLOW, "a"))
