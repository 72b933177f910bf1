"""What every store keeps, whatever it lies on: subclass `StoreSuite` with a fixture `store`."""

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from typing import Any

import numpy as np
import pytest

from storage.errors import IncompleteArtifactError, LeaseLostError, MissingArtifactError
from storage.files.store_clock import file_age
from storage.runs.drivers import drive, drivers
from storage.runs.ledger import RunLedger, StageRecord, VideoRecord
from storage.store.artifacts import ArtifactStore
from storage.store.draft_progress import save_progress


def make(store: ArtifactStore, key: str, text: bytes = b"hello") -> None:
    """An artifact with two files and an array."""
    with store.create("things", key) as writer:
        writer.put("note.txt", text)
        writer.put_json("numbers.json", [1, 2])
        writer.group().create_array("a", data=np.arange(4))
        writer.metadata["answer"] = 42


def take(store: ArtifactStore, **options: Any) -> Any:
    """The lease of things/k."""
    lease = store.lease("things", "k", **options)
    assert lease is not None
    return lease


def take_elsewhere(store: ArtifactStore, **options: Any) -> Any:
    """As another writer would; the thread that holds a lease gets it again."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(store.lease, "things", "k", **options).result()


class StoreSuite:
    """The tests; `store` is an empty store."""

    def test_round_trip(self, store: ArtifactStore) -> None:
        assert not store.exists("things", "k")
        make(store, "k")
        assert store.exists("things", "k")
        artifact = store.open("things", "k")
        assert artifact.get("note.txt") == b"hello"
        assert artifact.get_json("numbers.json") == [1, 2]
        assert artifact.metadata == {"answer": 42}
        assert artifact.names == ["note.txt", "numbers.json"]
        np.testing.assert_array_equal(artifact.array("a")[...], [0, 1, 2, 3])
        assert "T" in artifact.created
        assert store.keys("things") == ["k"]
        assert store.kinds() == ["things"]

    def test_an_exception_leaves_nothing(self, store: ArtifactStore) -> None:
        def fail() -> None:
            with store.create("things", "k") as writer:
                writer.put("note.txt", b"x")
                writer.group().create_array("a", data=np.arange(4))
                raise RuntimeError("halfway")

        with pytest.raises(RuntimeError, match="halfway"):
            fail()
        assert not store.exists("things", "k")
        assert store.keys("things") == []
        assert store.sweep_staging(0) == []
        make(store, "k")
        assert store.exists("things", "k")

    def test_half_written_is_invisible(self, store: ArtifactStore) -> None:
        with store.create("things", "k") as writer:
            writer.put("note.txt", b"x")
            assert not store.exists("things", "k")
            with pytest.raises(MissingArtifactError, match="Run the stage"):
                store.open("things", "k")
        assert store.exists("things", "k")

    def test_the_first_of_two_writers_stays(self, store: ArtifactStore) -> None:
        with store.create("things", "k") as slow:
            slow.put("note.txt", b"slow")
            make(store, "k", b"fast")
        assert store.open("things", "k").get("note.txt") == b"fast"
        assert store.sweep_staging(0) == []

    def test_remove(self, store: ArtifactStore) -> None:
        make(store, "k")
        store.remove("things", "k")
        store.remove("things", "k")
        assert not store.exists("things", "k")
        assert store.keys("things") == []

    def test_sweeping_takes_old_drafts_only(self, store: ArtifactStore) -> None:
        draft = store.create("things", "k")
        writer = draft.__enter__()
        writer.put("note.txt", b"x")
        assert store.sweep_staging(3600) == []
        assert len(store.sweep_staging(0)) == 1
        make(store, "other")
        assert store.sweep_staging(0) == []
        with pytest.raises(
            IncompleteArtifactError, match=r"1 of 1 files have vanished .*note\.txt"
        ):
            draft.__exit__(None, None, None)
        assert store.keys("things") == ["other"]

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

    def test_a_draft_of_a_former_version_is_gone_on_from(self, store: ArtifactStore) -> None:
        """It had no token in its name, and all writers shared it."""
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

    def test_who_lost_its_lease_leaves_everything(self, store: ArtifactStore) -> None:
        """Also where it fails for another reason, such as files that were taken over."""
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

    def test_swap(self, store: ArtifactStore) -> None:
        folder = store.folder
        assert folder.swap("a/file", None, b"one")
        assert not folder.swap("a/file", None, b"two")
        assert folder.read("a/file") == b"one"
        assert not folder.swap("a/file", b"other", b"two")
        assert folder.swap("a/file", b"one", b"two")
        assert not folder.swap("a/file", b"one", None)
        assert folder.swap("a/file", b"two", None)
        assert folder.read_if_there("a/file") is None
        assert not folder.swap("a/file", b"two", b"three")
        assert folder.is_conditional

    def test_files(self, store: ArtifactStore) -> None:
        folder = store.folder
        assert folder.names("") == []
        folder.write("a/b/one", b"1")
        folder.write("a/two", b"22")
        assert folder.names("a") == ["b", "two"]
        assert folder.files("a") == {"b/one": 1, "two": 2}
        assert folder.missing("a", ["two", "b", "b/one", "three"]) == ["b", "three"]
        assert (folder.has_file("a/b"), folder.exists("a/b")) == (False, True)
        assert abs(time.time() - folder.modified("a/two")) < 60
        assert 0 <= file_age(folder, "a/two") < 60
        folder.remove("a")
        folder.remove("a")
        folder.remove_file("a/two")
        assert folder.files("") == {}
        with pytest.raises(FileNotFoundError):
            folder.modified("a/two")

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
            assert list(writer.digests) == ["more.txt"], "what is left is gone on from"
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

    def test_ledger(self, store: ArtifactStore) -> None:
        ledger = RunLedger(store, "night 1")
        assert ledger.records() == []
        assert ledger.read("bee") is None
        record = VideoRecord("bee", "abc", "failed", 2, {"flow": StageRecord("done", 1.5)})
        ledger.write(record)
        ledger.write(VideoRecord("ant"))
        ledger.write(replace(record, state="done"))
        assert ledger.read("bee") == replace(record, state="done")
        assert ledger.videos() == ["ant", "bee"]
        assert store.kinds() == [], "the ledger is not an artifact"

    def test_drivers(self, store: ArtifactStore) -> None:
        ledger = RunLedger(store, "night")
        ledger.begin({}, "1")
        with drive(store, ledger) as token:
            [driver] = drivers(store, "night")
            assert (driver.token, driver.pid, driver.is_alive) == (token, os.getpid(), True)
        assert drivers(store, "night") == []
