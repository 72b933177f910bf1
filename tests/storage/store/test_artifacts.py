"""The artifact store has complete artifacts or none."""

import errno
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import (
    CorruptArtifactError,
    InvalidAddressError,
    MissingArtifactError,
    NewerSchemaError,
    StorageError,
    StoreAccessError,
    StoreFullError,
)
from storage.store.artifacts import ArtifactStore
from tests.storage.store.store_suite import make


def test_arrays_are_read_only(store: ArtifactStore) -> None:
    make(store, "k")
    array = store.open("things", "k").array("a")
    with pytest.raises(ValueError, match="read"):
        array[0] = 7


def test_arrays_open_with_any_zarr_reader(store: ArtifactStore) -> None:
    make(store, "k")
    group = zarr.open_group(f"{store.location('things', 'k')}/arrays.zarr", mode="r")
    assert [name for name, _ in group.members()] == ["a"]


def test_nothing_is_created_before_the_first_write(tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path / "new"))
    assert store.keys("things") == []
    assert store.kinds() == []
    assert not store.exists("things", "k")
    assert store.sweep_staging(0) == []
    assert not (tmp_path / "new").exists()


def test_a_folder_without_marker_is_replaced(store: ArtifactStore, tmp_path: Path) -> None:
    remains = tmp_path / "store" / "things" / "k"
    remains.mkdir(parents=True)
    (remains / "old.bin").write_bytes(b"old")
    assert not store.exists("things", "k")
    make(store, "k")
    assert store.open("things", "k").get("note.txt") == b"hello"
    assert not (remains / "old.bin").exists()


def test_a_store_travels_between_processes(store: ArtifactStore) -> None:
    make(store, "k")
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
    make(store, "k")
    _edit_marker(store, schema=99)
    assert store.exists("things", "k")
    with pytest.raises(NewerSchemaError, match="Upgrade maskrnn"):
        store.open("things", "k")


@pytest.mark.parametrize("text", ["", "[]", "{}", "not json", '{"schema": 1}'])
def test_damaged_marker(store: ArtifactStore, text: str) -> None:
    make(store, "k")
    (Path(store.location("things", "k")) / "complete.json").write_text(text)
    with pytest.raises(CorruptArtifactError, match="Delete it"):
        store.open("things", "k")


def test_an_artifact_copied_to_another_key(store: ArtifactStore) -> None:
    make(store, "k")
    Path(store.location("things", "k")).rename(store.location("things", "other"))
    with pytest.raises(CorruptArtifactError, match="things k"):
        store.open("things", "other")


def test_changed_and_missing_files(store: ArtifactStore) -> None:
    make(store, "k")
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
    make(store, "k")
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
        make(store, "k")
    monkeypatch.undo()
    assert not store.exists("things", "k")
    assert store.sweep_staging(0) == []
    make(store, "k")


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
        make(store, "k")
    monkeypatch.undo()
    assert any("c" in path.parts for path in written)
    assert not store.exists("things", "k")
    assert store.sweep_staging(0) == []


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("not a folder")
    store = ArtifactStore(str(tmp_path / "store"))
    assert not store.exists("things", "k")
    with pytest.raises(StoreAccessError, match="name another store"):
        make(store, "k")


def test_metadata_must_be_json(store: ArtifactStore) -> None:
    with pytest.raises(ValueError, match="JSON"), store.create("things", "k") as writer:
        writer.metadata["loss"] = float("nan")
    assert not store.exists("things", "k")


def test_errors_travel_between_processes() -> None:
    error = StoreFullError("the store is full")
    assert str(pickle.loads(pickle.dumps(error))) == "the store is full"
    assert issubclass(StoreFullError, StorageError)
