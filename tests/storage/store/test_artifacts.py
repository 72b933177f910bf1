"""The artifact store has complete artifacts or none."""

import errno
import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import (
    CorruptArtifactError,
    IncompleteArtifactError,
    InvalidAddressError,
    LeaseLostError,
    MissingArtifactError,
    NewerSchemaError,
    StorageError,
    StoreAccessError,
    StoreFullError,
)
from storage.store.artifacts import ArtifactStore
from storage.store.draft_progress import save_progress


def _make(store: ArtifactStore, key: str, text: bytes = b"hello") -> None:
    with store.create("things", key) as writer:
        writer.put("note.txt", text)
        writer.put_json("numbers.json", [1, 2])
        writer.group().create_array("a", data=np.arange(4))
        writer.metadata["answer"] = 42


def test_round_trip(any_store: ArtifactStore) -> None:
    assert not any_store.exists("things", "k")
    _make(any_store, "k")
    assert any_store.exists("things", "k")
    artifact = any_store.open("things", "k")
    assert artifact.get("note.txt") == b"hello"
    assert artifact.get_json("numbers.json") == [1, 2]
    assert artifact.metadata == {"answer": 42}
    assert artifact.names == ["note.txt", "numbers.json"]
    np.testing.assert_array_equal(artifact.array("a")[...], [0, 1, 2, 3])
    assert "T" in artifact.created
    assert any_store.keys("things") == ["k"]
    assert any_store.kinds() == ["things"]


def test_arrays_are_read_only(store: ArtifactStore) -> None:
    _make(store, "k")
    array = store.open("things", "k").array("a")
    with pytest.raises(ValueError, match="read"):
        array[0] = 7


def test_arrays_open_with_any_zarr_reader(store: ArtifactStore) -> None:
    _make(store, "k")
    group = zarr.open_group(f"{store.location('things', 'k')}/arrays.zarr", mode="r")
    assert [name for name, _ in group.members()] == ["a"]


def test_nothing_is_created_before_the_first_write(tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path / "new"))
    assert store.keys("things") == []
    assert store.kinds() == []
    assert not store.exists("things", "k")
    assert store.sweep_staging(0) == []
    assert not (tmp_path / "new").exists()


def test_an_exception_leaves_nothing(any_store: ArtifactStore) -> None:
    def fail() -> None:
        with any_store.create("things", "k") as writer:
            writer.put("note.txt", b"x")
            writer.group().create_array("a", data=np.arange(4))
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        fail()
    assert not any_store.exists("things", "k")
    assert any_store.keys("things") == []
    assert any_store.sweep_staging(0) == []
    _make(any_store, "k")
    assert any_store.exists("things", "k")


def test_half_written_is_invisible(any_store: ArtifactStore) -> None:
    with any_store.create("things", "k") as writer:
        writer.put("note.txt", b"x")
        assert not any_store.exists("things", "k")
        with pytest.raises(MissingArtifactError, match="Run the stage"):
            any_store.open("things", "k")
    assert any_store.exists("things", "k")


def test_the_first_of_two_writers_stays(any_store: ArtifactStore) -> None:
    with any_store.create("things", "k") as slow:
        slow.put("note.txt", b"slow")
        _make(any_store, "k", b"fast")
    assert any_store.open("things", "k").get("note.txt") == b"fast"
    assert any_store.sweep_staging(0) == []


def test_a_folder_without_marker_is_replaced(store: ArtifactStore, tmp_path: Path) -> None:
    remains = tmp_path / "store" / "things" / "k"
    remains.mkdir(parents=True)
    (remains / "old.bin").write_bytes(b"old")
    assert not store.exists("things", "k")
    _make(store, "k")
    assert store.open("things", "k").get("note.txt") == b"hello"
    assert not (remains / "old.bin").exists()


def test_remove(any_store: ArtifactStore) -> None:
    _make(any_store, "k")
    any_store.remove("things", "k")
    any_store.remove("things", "k")
    assert not any_store.exists("things", "k")
    assert any_store.keys("things") == []


def test_sweeping_takes_old_drafts_only(any_store: ArtifactStore) -> None:
    draft = any_store.create("things", "k")
    writer = draft.__enter__()
    writer.put("note.txt", b"x")
    assert any_store.sweep_staging(3600) == []
    assert len(any_store.sweep_staging(0)) == 1
    _make(any_store, "other")
    assert any_store.sweep_staging(0) == []
    with pytest.raises(IncompleteArtifactError, match=r"1 of 1 files have vanished .*note\.txt"):
        draft.__exit__(None, None, None)
    assert any_store.keys("things") == ["other"]


def test_a_draft_that_its_next_writer_has_just_taken_up_is_not_swept(
    any_store: ArtifactStore,
) -> None:
    writing = any_store.create("things", "k", {"n": 1})
    writer = writing.__enter__()
    writer.put("note.txt", b"x")
    writer.save_progress()
    writing.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    lease = any_store.lease("things", "k")
    assert lease is not None
    with ThreadPoolExecutor(1) as other, lease:
        left = other.submit(any_store.sweep_staging, 0).result()
        assert not any("partial" in path for path in left)
        assert list(any_store.unfinished("things")) == ["k"]
    assert any("partial" in path for path in any_store.sweep_staging(0))
    assert any_store.unfinished("things") == {}


def test_a_draft_of_a_former_version_is_gone_on_from(any_store: ArtifactStore) -> None:
    """It had no token in its name, and all writers shared it."""
    path = ".staging/things/k.partial" if any_store.folder.is_local else "things/k/partial"
    plan = {"n": 1}
    save_progress(any_store.folder, path, plan, {"note.txt": sha256(b"x").hexdigest()})
    any_store.folder.write(f"{path}/note.txt", b"x")
    any_store.folder.write(f"{path}/half.bin", b"")
    assert any_store.unfinished("things") == {"k": [path]}
    with any_store.create("things", "k", plan) as writer:
        assert list(writer.digests) == ["note.txt"]
        writer.put("more.txt", b"y")
    artifact = any_store.open("things", "k")
    assert (artifact.names, artifact.damage()) == (["more.txt", "note.txt"], [])
    assert not any_store.folder.exists(path)
    assert any_store.sweep_staging(0) == []


def test_who_lost_its_lease_leaves_everything(any_store: ArtifactStore) -> None:
    """Also where it fails for another reason, such as files that were taken over."""
    lease = any_store.lease("things", "k")
    assert lease is not None
    writing = any_store.create("things", "k", {"n": 1})
    with lease:
        writer = writing.__enter__()
        writer.put("note.txt", b"x")
        record = any_store.folder.read(".staging/things/k.lease")
        other = record.replace(lease.token.encode(), b"0" * 32)
        any_store.folder.write(".staging/things/k.lease", other)
        with pytest.raises(LeaseLostError, match="took"):
            writing.__exit__(OSError, OSError("gone"), None)
    [[draft]] = any_store.unfinished("things").values()
    assert any_store.folder.read(f"{draft}/note.txt") == b"x"
    assert any_store.folder.read(".staging/things/k.lease") == other


def test_a_store_travels_between_processes(store: ArtifactStore) -> None:
    _make(store, "k")
    assert pickle.loads(pickle.dumps(store)).keys("things") == ["k"]


def test_relative_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert ArtifactStore("here").url == str(tmp_path / "here")
    assert ArtifactStore(f"file://{tmp_path}/there").url == str(tmp_path / "there")


@pytest.mark.parametrize("url", ["", "  ", "nonsense://x"])
def test_bad_urls(url: str) -> None:
    with pytest.raises(InvalidAddressError, match="Give a"):
        ArtifactStore(url)


def test_a_missing_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ImportError("Install s3fs")

    monkeypatch.setattr("fsspec.core.url_to_fs", fail)
    with pytest.raises(StoreAccessError, match=r"maskrnn\[s3\]"):
        ArtifactStore("s3://bucket/x")


@given(st.text(alphabet="aZ09._-/\\~ \0\n\u00e9", max_size=12))
def test_keys_never_leave_the_store(text: str) -> None:
    store = ArtifactStore("memory://never-written")
    try:
        location = store.location("things", text)
    except InvalidAddressError:
        return
    assert location == f"memory://never-written/things/{text}"
    assert "/" not in text
    assert not text.startswith(".")


@pytest.mark.parametrize("kind", ["runs", "Things", "", "../x", ".staging"])
def test_bad_kinds(store: ArtifactStore, kind: str) -> None:
    with pytest.raises(InvalidAddressError):
        store.exists(kind, "k")


@pytest.mark.parametrize("name", ["complete.json", "arrays.zarr", "a/b", "..", ""])
def test_bad_file_names(store: ArtifactStore, name: str) -> None:
    with pytest.raises(InvalidAddressError), store.create("things", "k") as writer:
        writer.put(name, b"")
    assert not store.exists("things", "k")


def _edit_marker(store: ArtifactStore, **changes: Any) -> None:
    path = Path(store.location("things", "k")) / "complete.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}))


def test_newer_schema(store: ArtifactStore) -> None:
    _make(store, "k")
    _edit_marker(store, schema=99)
    assert store.exists("things", "k")
    with pytest.raises(NewerSchemaError, match="Upgrade maskrnn"):
        store.open("things", "k")


@pytest.mark.parametrize("text", ["", "[]", "{}", "not json", '{"schema": 1}'])
def test_damaged_marker(store: ArtifactStore, text: str) -> None:
    _make(store, "k")
    (Path(store.location("things", "k")) / "complete.json").write_text(text)
    with pytest.raises(CorruptArtifactError, match="Delete it"):
        store.open("things", "k")


def test_an_artifact_copied_to_another_key(store: ArtifactStore) -> None:
    _make(store, "k")
    Path(store.location("things", "k")).rename(store.location("things", "other"))
    with pytest.raises(CorruptArtifactError, match="things k"):
        store.open("things", "other")


def test_changed_and_missing_files(store: ArtifactStore) -> None:
    _make(store, "k")
    note = Path(store.location("things", "k")) / "note.txt"
    note.write_bytes(b"hellO")
    with pytest.raises(CorruptArtifactError, match=r"note\.txt differs.*recomputed"):
        store.open("things", "k").get("note.txt")
    note.unlink()
    with pytest.raises(CorruptArtifactError, match=r"note\.txt is missing"):
        store.open("things", "k").get("note.txt")
    with pytest.raises(MissingArtifactError, match=r"note\.txt, numbers\.json"):
        store.open("things", "k").get("never")


@pytest.mark.parametrize("document", ["zarr.json", "a/zarr.json"])
def test_changed_array_metadata(store: ArtifactStore, document: str) -> None:
    _make(store, "k")
    path = Path(store.location("things", "k")) / "arrays.zarr" / document
    path.write_text(path.read_text() + " ")
    with pytest.raises(CorruptArtifactError, match="recomputed"):
        store.open("things", "k").array("a")
    path.unlink()
    with pytest.raises(CorruptArtifactError, match="recomputed"):
        store.open("things", "k").array("a")


def test_an_artifact_without_arrays(store: ArtifactStore) -> None:
    with store.create("things", "k") as writer:
        writer.put("note.txt", b"")
    with pytest.raises(MissingArtifactError, match="no arrays"):
        store.open("things", "k").group()


def test_a_full_disk_while_writing_a_file(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("storage.files.folder.replace_whole", full)
    with pytest.raises(StoreFullError, match=r"No space left .*things/k.*Free some space"):
        _make(store, "k")
    monkeypatch.undo()
    assert not store.exists("things", "k")
    assert store.sweep_staging(0) == []
    _make(store, "k")


def test_a_full_disk_while_writing_a_chunk(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []

    def put(path: Path, value: Any, exclusive: bool = False) -> int:
        written.append(path)
        if "c" in path.parts:
            raise OSError(errno.ENOSPC, "No space left on device")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.write_bytes(value.to_bytes())

    monkeypatch.setattr("zarr.storage._local._put", put)
    with pytest.raises(StoreFullError, match="things k"):
        _make(store, "k")
    monkeypatch.undo()
    assert any("c" in path.parts for path in written)
    assert not store.exists("things", "k")
    assert store.sweep_staging(0) == []


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("not a folder")
    store = ArtifactStore(str(tmp_path / "store"))
    assert not store.exists("things", "k")
    with pytest.raises(StoreAccessError, match="name another store"):
        _make(store, "k")


def test_metadata_must_be_json(store: ArtifactStore) -> None:
    with pytest.raises(ValueError, match="JSON"), store.create("things", "k") as writer:
        writer.metadata["loss"] = float("nan")
    assert not store.exists("things", "k")


def test_errors_travel_between_processes() -> None:
    error = StoreFullError("the store is full")
    assert str(pickle.loads(pickle.dumps(error))) == "the store is full"
    assert issubclass(StoreFullError, StorageError)
