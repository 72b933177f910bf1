"""Tests of unfinished artifacts for every kind of store: subclass `DraftSuite`; fixture `store`."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import pytest

from storage.errors import IncompleteArtifactError, LeaseLostError
from storage.store.artifacts import ArtifactStore
from storage.store.draft_progress import save_progress


def take(store: ArtifactStore, **options: Any) -> Any:
    """The lease of things/k."""
    lease = store.lease("things", "k", **options)
    assert lease is not None
    return lease


def take_elsewhere(store: ArtifactStore, **options: Any) -> Any:
    """Take the lease in another thread; the thread that holds it would simply get it again."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(store.lease, "things", "k", **options).result()


class DraftSuite:
    """Leases and resumable drafts; `store` is an empty store."""

    def test_a_draft_that_was_just_taken_up_is_not_swept(self, store: ArtifactStore) -> None:
        writing = store.create("things", "k", {"n": 1})
        writer = writing.__enter__()
        writer.put("note.txt", b"x")
        writer.save_progress()
        writing.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
        lease = store.lease("things", "k")
        assert lease is not None
        with ThreadPoolExecutor(1) as other, lease:
            left = other.submit(store.sweep_staging, 0).result()
            assert not any("partial" in path for path in left)
            assert list(store.unfinished("things")) == ["k"]
        assert any("partial" in path for path in store.sweep_staging(0))
        assert store.unfinished("things") == {}

    def test_a_draft_of_a_former_version_is_resumed(self, store: ArtifactStore) -> None:
        """Such a draft had no token in its name, and all writers shared it."""
        path = ".staging/things/k.partial" if store.folder.is_local else "things/k/partial"
        plan = {"n": 1}
        save_progress(store.folder, path, plan, {"note.txt": sha256(b"x").hexdigest()})
        store.folder.write(f"{path}/note.txt", b"x")
        store.folder.write(f"{path}/half.bin", b"")
        assert store.unfinished("things") == {"k": [path]}
        with store.create("things", "k", plan) as writer:
            assert list(writer.digests) == ["note.txt"]
            writer.put("more.txt", b"y")
        artifact = store.open("things", "k")
        assert (artifact.names, artifact.damage()) == (["more.txt", "note.txt"], [])
        assert not store.folder.exists(path)
        assert store.sweep_staging(0) == []

    def test_a_writer_that_lost_its_lease_removes_nothing(self, store: ArtifactStore) -> None:
        """This holds even if it fails for another reason, such as files that were taken over."""
        lease = store.lease("things", "k")
        assert lease is not None
        writing = store.create("things", "k", {"n": 1})
        with lease:
            writer = writing.__enter__()
            writer.put("note.txt", b"x")
            record = store.folder.read(".staging/things/k.lease")
            other = record.replace(lease.token.encode(), b"0" * 32)
            store.folder.write(".staging/things/k.lease", other)
            with pytest.raises(LeaseLostError, match="took"):
                writing.__exit__(OSError, OSError("gone"), None)
        [[draft]] = store.unfinished("things").values()
        assert store.folder.read(f"{draft}/note.txt") == b"x"
        assert store.folder.read(".staging/things/k.lease") == other

    def test_held_until_the_block_ends(self, store: ArtifactStore) -> None:
        with take(store) as lease:
            lease.check()
            assert store.is_leased("things", "k")
            looks = iter([False, False, True])
            assert take_elsewhere(store, until=lambda: next(looks)) is None
        assert not store.is_leased("things", "k")
        with take(store):
            pass

    def test_clocks_of_other_machines_do_not_count(self, store: ArtifactStore) -> None:
        path = ".staging/things/k.lease"
        with take(store):
            record = {**json.loads(store.folder.read(path)), "machine": "another"}
        for ahead in (-3600, 3600):
            record["time"] += ahead
            store.folder.write(path, json.dumps(record).encode())
            owner = store.lease_owner("things", "k")
            assert owner is not None
            assert owner.is_alive
        store.folder.write(path, json.dumps({**record, "seconds": 0.5}).encode())
        began = time.monotonic()
        with take(store):
            assert 0.5 <= time.monotonic() - began < 10

    def test_a_vanished_file_is_not_published(self, store: ArtifactStore) -> None:
        def vanish() -> None:
            with store.create("things", "k", {"n": 1}) as writer:
                writer.put("note.txt", b"x")
                writer.put("more.txt", b"y")
                writer.save_progress()
                [[draft]] = store.unfinished("things").values()
                store.folder.remove_file(f"{draft}/note.txt")

        with pytest.raises(IncompleteArtifactError, match=r"1 of 2 files have vanished .*note"):
            vanish()
        assert not store.exists("things", "k")
        with store.create("things", "k", {"n": 1}) as writer:
            assert list(writer.digests) == ["more.txt"], "the next writer uses what is left"
            writer.put("note.txt", b"x")
        assert store.open("things", "k").damage() == []

    def test_progress_passes_from_writer_to_writer(self, store: ArtifactStore) -> None:
        plan = {"files": 4}
        for kept in range(3):
            writing = store.create("things", "k", plan)
            writer = writing.__enter__()
            assert sorted(writer.digests) == [f"file{index}" for index in range(kept)]
            writer.put(f"file{kept}", b"x")
            writer.save_progress()
            writer.put("half", b"")
            writing.__exit__(RuntimeError, RuntimeError("cut off"), None)
        with store.create("things", "k", {"files": 5}) as writer:
            assert writer.digests == {}, "another plan begins anew"
        assert store.unfinished("things") == {}
        assert store.sweep_staging(0) == []
