"""The run ledger keeps one record per video, and never half of one."""

import errno
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.errors import (
    CorruptArtifactError,
    InvalidAddressError,
    MissingArtifactError,
    NewerSchemaError,
    StoreFullError,
)
from storage.runs.all_runs import list_runs
from storage.runs.ledger import RunLedger, StageRecord, VideoRecord
from storage.store.artifacts import ArtifactStore

RECORD = VideoRecord(
    video="bee",
    video_key="abc",
    state="failed",
    attempt=2,
    stages={
        "flow": StageRecord("done", 1.5, True, "host:1", (("flow", "def"),)),
        "segment": StageRecord("failed", 0.1, error="boom", traceback="Traceback ..."),
    },
)


def test_round_trip(store: ArtifactStore) -> None:
    ledger = RunLedger(store, "night 1")
    assert ledger.records() == []
    assert ledger.read("bee") is None
    ledger.write(RECORD)
    ledger.write(VideoRecord("ant"))
    assert ledger.read("bee") == RECORD
    assert [record.video for record in ledger.records()] == ["ant", "bee"]
    done = replace(RECORD, state="done", attempt=3)
    ledger.write(done)
    assert ledger.read("bee") == done
    found = ledger.read("bee")
    assert found is not None
    assert list(found.stages) == ["flow", "segment"], "in the order in which they ran"


def test_runs(any_store: ArtifactStore) -> None:
    assert list_runs(any_store) == []
    first = RunLedger(any_store, "a").begin({"preset": "small"}, "0.1.0", ["bee", "ant"])
    again = RunLedger(any_store, "a").begin({"preset": "other"}, "0.2.0")
    assert again == replace(
        first, code_version="0.2.0", parameters={"preset": "other"}, videos=()
    ), "a resumed run keeps its creation time"
    assert RunLedger(any_store, "a").info() == again
    RunLedger(any_store, "b").begin({}, "0.1.0")
    RunLedger(any_store, "unfinished").write(RECORD)
    assert [run.run_id for run in list_runs(any_store)] == ["a", "b"]
    assert any_store.kinds() == [], "the ledger is not an artifact"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(name=st.text(alphabet="a./\\ %:~\u00e9\u4e2d", min_size=1, max_size=10))
def test_any_video_name(memory_url: str, name: str) -> None:
    store = ArtifactStore(memory_url)
    ledger = RunLedger(store, "run")
    ledger.write(VideoRecord(name))
    assert ledger.read(name) == VideoRecord(name)
    assert store.folder.names("") == ["runs"]
    assert store.folder.names("runs") == ["run"]


def test_a_long_name_of_another_alphabet(store: ArtifactStore) -> None:
    ledger = RunLedger(store, "run")
    name = "train/" + "動" * 60
    ledger.write(VideoRecord(name))
    assert ledger.read(name) == VideoRecord(name)
    assert [record.video for record in ledger.records()] == [name]


@pytest.mark.parametrize(
    "name", ["a " * 82, "\U0001f41d" * 22, "train/" + "हिन्दी" * 11, "动" * 66, "%" * 200]
)
def test_every_allowed_name_fits(any_store: ArtifactStore, name: str) -> None:
    ledger = RunLedger(any_store, "run")
    ledger.write(VideoRecord(name))
    ledger.write(VideoRecord(name, state="done"))
    ledger.write(VideoRecord("ant"))
    assert ledger.read(name) == VideoRecord(name, state="done")
    assert ledger.videos() == sorted(["ant", name])
    assert [record.video for record in ledger.records()] == sorted(["ant", name])
    files = any_store.folder.names("runs/run/videos")
    assert max(len(file.encode()) for file in files) <= 255


def test_long_names_of_earlier_versions_are_read(memory_url: str) -> None:
    store, name = ArtifactStore(memory_url), "%" * 100
    ledger = RunLedger(store, "run")
    ledger.write(VideoRecord(name))
    [file] = store.folder.names("runs/run/videos")
    data = store.folder.read(f"runs/run/videos/{file}")
    store.folder.write(f"runs/run/videos/{'%25' * 100}.json", data)
    store.folder.remove_file(f"runs/run/videos/{file}")
    assert ledger.read(name) == VideoRecord(name)
    ledger.write(VideoRecord(name, state="done"))
    assert ledger.records() == [VideoRecord(name, state="done")]


@pytest.mark.parametrize("run_id", ["", "  ", "two\nlines"])
def test_bad_run_names(store: ArtifactStore, run_id: str) -> None:
    with pytest.raises(InvalidAddressError, match="printable"):
        RunLedger(store, run_id)


def test_unknown_run(store: ArtifactStore) -> None:
    with pytest.raises(MissingArtifactError, match="lists its 0 runs"):
        RunLedger(store, "nothing").info()
    RunLedger(store, "davis-small-1").begin({}, "0.1.0")
    with pytest.raises(MissingArtifactError, match=r"no run davis-smal-1 .* mean davis-small-1"):
        RunLedger(store, "davis-smal-1").info()


def test_a_full_disk_keeps_the_former_record(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = RunLedger(store, "run")
    ledger.write(RECORD)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("storage.files.folder.replace_whole", full)
    with pytest.raises(StoreFullError, match=r"bee\.json"):
        ledger.write(replace(RECORD, state="done"))
    monkeypatch.undo()
    assert ledger.read("bee") == RECORD
    assert store.sweep_staging(0) == []


def _edit(ledger: RunLedger, **changes: object) -> None:
    path = Path(ledger.location) / "videos" / "bee.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}))


def test_damaged_records(store: ArtifactStore) -> None:
    ledger = RunLedger(store, "run")
    ledger.write(RECORD)
    _edit(ledger, attempt=RECORD.attempt + 1)
    with pytest.raises(CorruptArtifactError, match=r"bee\.json.*differs from what was written"):
        ledger.read("bee")
    ledger.write(RECORD)
    _edit(ledger, sha256=None)  # as former versions wrote them
    assert ledger.read("bee") == RECORD
    _edit(ledger, state="exploded")
    with pytest.raises(CorruptArtifactError, match=r"bee\.json.*not yet run"):
        ledger.read("bee")
    _edit(ledger, state="done", stages=[1])
    with pytest.raises(CorruptArtifactError):
        ledger.records()
    _edit(ledger, schema=99)
    with pytest.raises(NewerSchemaError, match="Upgrade"):
        ledger.read("bee")
