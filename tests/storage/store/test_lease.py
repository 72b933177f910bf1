"""Leases have one owner with a heartbeat, and end without it."""

import json
import math
import os
import time
from pathlib import Path
from typing import Any

import pytest

from storage.errors import LeaseLostError
from storage.store.artifacts import ArtifactStore
from tests.storage.store.draft_suite import take, take_elsewhere


def _path(store: ArtifactStore) -> Path:
    return Path(store.url) / ".staging" / "things" / "k.lease"


def test_it_gives_signs_of_life(store: ArtifactStore) -> None:
    with take(store, seconds=0.2):
        first = _path(store).read_bytes()
        time.sleep(0.3)
        assert _path(store).read_bytes() != first
        began = time.monotonic()
        assert take_elsewhere(store, until=lambda: time.monotonic() - began > 1.0) is None


def test_its_thread_takes_it_again(store: ArtifactStore) -> None:
    with take(store) as outer:
        with take(store) as inner:
            assert inner is outer
        outer.check()
    assert not store.is_leased("things", "k")


def test_a_lost_one_is_not_taken_again_but_waited_for(store: ArtifactStore) -> None:
    with take(store) as outer:
        record = json.loads(_path(store).read_bytes())
        _path(store).write_text(json.dumps({**record, "token": "other", "seconds": 0.3}))
        with take(store) as inner:
            assert inner is not outer
            inner.check()
        assert not _path(store).exists()


def test_the_owner_is_told(store: ArtifactStore) -> None:
    assert store.lease_owner("things", "k") is None
    with take(store):
        owner = store.lease_owner("things", "k")
    assert owner is not None
    assert (owner.pid, owner.ended) == (os.getpid(), False)
    assert owner.silent < 60


def test_waiting_without_taking(store: ArtifactStore) -> None:
    store.await_writer("things", "k", until=lambda: False)
    with take(store):
        looks = iter([False, True])
        store.await_writer("things", "k", until=lambda: next(looks))
        record = json.loads(_path(store).read_bytes())
    _path(store).write_text(json.dumps({**record, "pid": 2**30}))
    store.await_writer("things", "k", until=lambda: False)
    assert _path(store).exists()


def test_an_owner_without_a_sign_of_life_is_dead(store: ArtifactStore) -> None:
    with take(store, seconds=30):
        record = json.loads(_path(store).read_bytes())
    _path(store).write_text(json.dumps({**record, "machine": "another", "seconds": 0.5}))
    began = time.monotonic()
    with take(store):
        assert time.monotonic() - began >= 0.5


@pytest.mark.parametrize("changed", [{"pid": 2**30}, {"started": "0"}])
def test_a_process_of_this_machine_that_has_ended_is_dead_at_once(
    store: ArtifactStore, changed: dict[str, Any]
) -> None:
    with take(store):
        record = json.loads(_path(store).read_bytes())
    _path(store).write_text(json.dumps({**record, **changed}))
    assert not store.is_leased("things", "k")
    began = time.monotonic()
    with take(store):
        assert time.monotonic() - began < 2


def test_a_store_whose_clock_differs_from_ours(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.files.store_clock._readings", {})
    modified = store.folder.modified
    monkeypatch.setattr(store.folder, "modified", lambda path: modified(path) - 3600)
    with take(store):
        owner = store.lease_owner("things", "k")
        assert owner is not None
        assert owner.silent < 60
        assert owner.is_alive


@pytest.mark.parametrize(
    "damage",
    [
        b"\0\0",
        b"[]",
        {"seconds": "abc"},
        {"seconds": None},
        {"seconds": math.nan},
        {"seconds": math.inf},
        {"seconds": -1},
        {"pid": "me"},
        {"pid": 0},
        {"beat": "x"},
        {"host": 3},
        {"machine": []},
        {"started": 5},
        {"token": None},
    ],
    ids=str,
)
def test_a_damaged_lease_is_no_lease(store: ArtifactStore, damage: bytes | dict[str, Any]) -> None:
    with take(store):
        record = json.loads(_path(store).read_bytes())
    if isinstance(damage, dict):
        damage = json.dumps({**record, **damage}).encode()
    _path(store).write_bytes(damage)
    assert store.lease_owner("things", "k") is None
    assert not store.is_leased("things", "k")
    with take(store):
        pass


def test_who_was_taken_over_is_told(store: ArtifactStore) -> None:
    with take(store) as lease:
        record = json.loads(_path(store).read_bytes())
        _path(store).write_text(json.dumps({**record, "token": "other"}))
        with pytest.raises(LeaseLostError, match="took"):
            lease.check()
    assert _path(store).exists(), "the other one's lease stays"
