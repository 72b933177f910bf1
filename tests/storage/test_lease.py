"""Leases: one owner, a sign of life, and an end when there is none."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from storage.artifacts import ArtifactStore
from storage.errors import LeaseLostError


def _path(store: ArtifactStore) -> Path:
    return Path(store.url) / ".staging" / "things" / "k.lease"


def _take(store: ArtifactStore, **options: Any) -> Any:
    lease = store.lease("things", "k", **options)
    assert lease is not None
    return lease


def test_held_until_the_block_ends(any_store: ArtifactStore) -> None:
    with _take(any_store) as lease:
        lease.check()
        assert any_store.is_leased("things", "k")
        looks = iter([False, False, True])
        assert any_store.lease("things", "k", until=lambda: next(looks)) is None
    assert not any_store.is_leased("things", "k")
    with _take(any_store):
        pass


def test_it_gives_signs_of_life(store: ArtifactStore) -> None:
    with _take(store, seconds=0.2):
        first = _path(store).read_bytes()
        time.sleep(0.3)
        assert _path(store).read_bytes() != first
        began = time.monotonic()
        assert store.lease("things", "k", until=lambda: time.monotonic() - began > 1.0) is None


def test_an_owner_without_a_sign_of_life_is_dead(store: ArtifactStore) -> None:
    with _take(store, seconds=30):
        record = json.loads(_path(store).read_bytes())
    _path(store).write_text(json.dumps({**record, "machine": "another", "seconds": 0.5}))
    began = time.monotonic()
    with _take(store):
        assert time.monotonic() - began >= 0.5


@pytest.mark.parametrize("changed", [{"pid": 2**30}, {"started": "0"}])
def test_a_process_of_this_machine_that_has_ended_is_dead_at_once(
    store: ArtifactStore, changed: dict[str, Any]
) -> None:
    with _take(store):
        record = json.loads(_path(store).read_bytes())
    _path(store).write_text(json.dumps({**record, **changed}))
    assert not store.is_leased("things", "k")
    began = time.monotonic()
    with _take(store):
        assert time.monotonic() - began < 2


def test_a_damaged_lease_is_no_lease(store: ArtifactStore) -> None:
    with _take(store):
        pass
    _path(store).write_bytes(b"\0\0")
    assert not store.is_leased("things", "k")
    with _take(store):
        pass


def test_who_was_taken_over_is_told(store: ArtifactStore) -> None:
    with _take(store) as lease:
        record = json.loads(_path(store).read_bytes())
        _path(store).write_text(json.dumps({**record, "token": "other"}))
        with pytest.raises(LeaseLostError, match="took"):
            lease.check()
    assert _path(store).exists(), "the other one's lease stays"
