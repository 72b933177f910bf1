"""Tests that every kind of store must pass: subclass `StoreSuite` with a fixture `store`."""

import os
import time
from dataclasses import replace

import numpy as np
import pytest

from storage.errors import IncompleteArtifactError, MissingArtifactError
from storage.files.store_clock import file_age
from storage.runs.drivers import drive, drivers
from storage.runs.ledger import RunLedger, StageRecord, VideoRecord
from storage.store.artifacts import ArtifactStore


def make(store: ArtifactStore, key: str, text: bytes = b"hello") -> None:
    """An artifact with two files and an array."""
    with store.create("things", key) as writer:
        writer.put("note.txt", text)
        writer.put_json("numbers.json", [1, 2])
        writer.group().create_array("a", data=np.arange(4))
        writer.metadata["answer"] = 42


class StoreSuite:
    """Artifacts, files and records; `store` is an empty store."""

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
