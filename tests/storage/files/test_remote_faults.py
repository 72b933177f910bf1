"""A remote store that times out, answers 500 or 503, or refuses."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from storage.errors import StorageError, StoreAccessError
from storage.runs.ledger import RunLedger, VideoRecord
from storage.store.artifacts import ArtifactStore
from tests.retries import retry_at_once
from tests.storage.flaky import (
    FORBIDDEN,
    INTERNAL_ERROR,
    SLOW_DOWN,
    TIME_OUT,
    Fault,
    FlakyFileSystem,
)
from tests.storage.store.artifact_cases import CASES


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch) -> Iterator[ArtifactStore]:
    retry_at_once(monkeypatch, 0.001)
    yield ArtifactStore(f"flaky://{uuid4().hex}/store")
    FlakyFileSystem.fail(None)


@pytest.mark.parametrize("fault", [TIME_OUT, INTERNAL_ERROR, SLOW_DOWN])
@pytest.mark.parametrize("kind", list(CASES))
def test_every_other_request_fails(kind: str, fault: Fault, remote: ArtifactStore) -> None:
    make, read = CASES[kind]
    key = make(remote)
    whole = read(remote, key)
    remote.remove(kind, key)
    FlakyFileSystem.fail(fault, period=2)
    assert make(remote) == key
    assert read(remote, key) == whole
    assert remote.keys(kind) == [key]
    assert FlakyFileSystem.asked > 8


@pytest.mark.parametrize("fault", [TIME_OUT, INTERNAL_ERROR, SLOW_DOWN])
@pytest.mark.parametrize("kind", list(CASES))
def test_no_answer_at_all_is_an_error_and_not_an_absence(
    kind: str, fault: Fault, remote: ArtifactStore
) -> None:
    make, read = CASES[kind]
    key = make(remote)
    whole = read(remote, key)
    FlakyFileSystem.fail(fault)
    for ask in (
        lambda: remote.exists(kind, key),
        lambda: remote.open(kind, key),
        lambda: remote.keys(kind),
        lambda: remote.remove(kind, key),
        lambda: read(remote, key),
        lambda: make(remote),
    ):
        with pytest.raises(StoreAccessError, match=r"flaky://.* does not answer .* run again"):
            ask()
    FlakyFileSystem.fail(None)
    assert read(remote, key) == whole


@pytest.mark.parametrize("kind", list(CASES))
def test_a_service_that_fails_in_the_middle_of_reading(kind: str, remote: ArtifactStore) -> None:
    make, read = CASES[kind]
    key = make(remote)
    whole = read(remote, key)
    for after in range(2, 200):
        FlakyFileSystem.fail(INTERNAL_ERROR, period=after)
        try:
            assert read(remote, key) == whole
        except StorageError:
            pytest.fail("one failure in a while is asked again")
        if FlakyFileSystem.asked < after:
            break
    else:
        pytest.fail("a read takes 200 requests")


def test_a_refusal_is_not_asked_again(remote: ArtifactStore) -> None:
    FlakyFileSystem.fail(FORBIDDEN)
    ledger = RunLedger(remote, "run")
    with pytest.raises(StoreAccessError, match="Check the rights"):
        ledger.write(VideoRecord("v"))
    assert FlakyFileSystem.asked == 1


def test_the_ledger_survives(remote: ArtifactStore) -> None:
    FlakyFileSystem.fail(SLOW_DOWN, period=2)
    ledger = RunLedger(remote, "run")
    ledger.begin({}, "1")
    ledger.write(VideoRecord("v", state="done", attempt=2))
    assert [(r.video, r.attempt) for r in ledger.records()] == [("v", 2)]
