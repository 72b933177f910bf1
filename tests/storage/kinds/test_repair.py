"""Artifacts that have a marker but lack files are removed, so that they are made again."""

import threading

import pytest

from storage.kinds.repair import repair
from storage.store.artifacts import ArtifactStore
from tests.storage.store.artifact_cases import CASES


@pytest.mark.parametrize("kind", list(CASES))
def test_a_missing_file_is_found_and_the_artifact_made_again(
    kind: str, any_store: ArtifactStore
) -> None:
    make, read = CASES[kind]
    key = make(any_store)
    whole = read(any_store, key)
    for name in any_store.open(kind, key).digests:
        assert repair(any_store, kind, key) == ""
        [path] = [p for p in any_store.folder.files(f"{kind}/{key}") if p.endswith(name)]
        any_store.folder.remove_file(f"{kind}/{key}/{path}")
        assert f"{name} changed or missing" in repair(any_store, kind, key)
        assert not any_store.exists(kind, key)
        assert make(any_store) == key
        assert read(any_store, key) == whole


def test_one_that_another_writer_repairs_is_left_to_it(any_store: ArtifactStore) -> None:
    make, _ = CASES["evaluations"]
    key = make(any_store)
    [path] = [p for p in any_store.folder.files(f"evaluations/{key}") if p.endswith(".parquet")]
    any_store.folder.remove_file(f"evaluations/{key}/{path}")
    lease = any_store.lease("evaluations", key)
    assert lease is not None
    told: list[str] = []
    waiting = threading.Thread(
        target=lambda: told.append(repair(any_store, "evaluations", key)), daemon=True
    )
    with lease:
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        any_store.remove("evaluations", key)
        waiting.join(10)
    assert len(told) == 1
    assert "missing" in told[0]


def test_nothing_to_repair(any_store: ArtifactStore) -> None:
    assert repair(any_store, "evaluations", "none") == ""
