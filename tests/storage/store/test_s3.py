"""Stores on an S3-compatible server behave like local ones."""

import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import numpy as np
import pytest

from flows.commands.verify import verify
from storage.errors import InvalidAddressError, StorageError, StoreAccessError
from storage.kinds.checkpoints import FINETUNED
from storage.kinds.predictions import PREDICTIONS
from storage.kinds.stored_flow import StoredFlow, write_flow
from storage.kinds.training_states import load_training_state, save_training_state
from storage.runs.ledger import RunLedger, VideoRecord
from storage.runs.verification import verify_store
from storage.store.artifacts import ArtifactStore
from tests.processes import free_port
from tests.retries import retry_at_once
from tests.s3 import S3Server, s3_environment, using
from tests.storage.store.artifact_cases import CASES
from tests.storage.store.damage import emptied, halved


@pytest.fixture
def remote(bucket: str) -> ArtifactStore:
    return ArtifactStore(f"{bucket}/a folder/store")


@pytest.mark.parametrize("kind", list(CASES))
def test_an_artifact_comes_back_and_goes(kind: str, remote: ArtifactStore) -> None:
    make, read = CASES[kind]
    assert not remote.exists(kind, "k")
    key = make(remote)
    assert remote.exists(kind, key)
    assert remote.keys(kind) == [key]
    assert remote.kinds() == [kind]
    assert remote.open(kind, key).size > 0
    whole = read(remote, key)
    assert make(remote) == key
    assert read(remote, key) == whole
    remote.remove(kind, key)
    assert not remote.exists(kind, key)
    assert remote.folder.files("") == {}
    remote.remove(kind, key)


def test_few_requests(remote: ArtifactStore, s3_server: S3Server) -> None:
    def asked() -> Counter[str]:
        return Counter(method for method, _ in s3_server.requests())

    asked()
    with remote.create("finetuned", "k") as writer:
        writer.put("weights", b"w")
    assert asked() == {"PUT": 2, "GET": 1}
    assert remote.exists("finetuned", "k")
    assert not remote.exists("finetuned", "other")
    assert remote.open("finetuned", "k").get("weights") == b"w"
    assert asked() == {"GET": 4}
    assert remote.keys("finetuned") == ["k"]
    assert asked() == {"GET": 2}
    ledger = RunLedger(remote, "run")
    ledger.write(VideoRecord("v"))
    assert asked() == {"PUT": 1}


def test_a_frame_of_flow_takes_one_request(remote: ArtifactStore, s3_server: S3Server) -> None:
    """And its shard one more, for the index; 40 frames lie in three shards."""
    field = np.ones((6, 9, 2), np.float32)
    pairs = [(i, field if i else None, field if i < 39 else None) for i in range(40)]
    write_flow(remote, "k", lambda start: pairs[start:], 40, (6, 9), {})
    flow = StoredFlow(remote, "k")
    s3_server.requests()
    for _ in range(2):  # the second time, the indexes are known
        for index in range(39):
            assert flow.forward(index) is not None
    asked = s3_server.requests()
    assert Counter(method for method, _ in asked) == {"GET": 2 * 39 + 3}
    assert all("/forward/c/" in address for _, address in asked)


def test_training_states(remote: ArtifactStore) -> None:
    for position in (9, 10):
        save_training_state(remote, "k", position, {"a": np.full(2, position)}, {"stage": "s"})
    found = load_training_state(remote, "k")
    assert found is not None
    np.testing.assert_array_equal(found[0]["a"], [10, 10])
    assert remote.keys("training") == ["k.10"]


@pytest.mark.parametrize("kind", [PREDICTIONS, FINETUNED])
def test_damage_is_found_by_whoever_reads_and_by_verification(
    kind: str, remote: ArtifactStore
) -> None:
    make, read = CASES[kind]
    key = make(remote)
    whole = read(remote, key)
    chance = random.Random(0)
    for name in remote.folder.files(f"{kind}/{key}"):
        path = f"{kind}/{key}/{name}"
        data = remote.folder.read(path)
        for damage in (halved, emptied):
            remote.folder.write(path, damage(data, chance))
            with pytest.raises(StorageError, match=remote.location(kind, key)):
                read(remote, key)
            assert [fault for checked in verify_store(remote) for fault in checked.faults], name
        remote.folder.write(path, data)
    assert read(remote, key) == whole


def test_the_command_verify(remote: ArtifactStore, capsys: pytest.CaptureFixture[str]) -> None:
    for make, _ in CASES.values():
        make(remote)
    assert verify(remote.url) == 0
    assert f"{len(CASES)} artifacts, all sound" in capsys.readouterr().out
    chunk = next(n for n in remote.folder.files("predictions") if "/labels/c/" in n)
    remote.folder.remove_file(f"predictions/{chunk}")
    assert verify(remote.url) == 1
    told = capsys.readouterr().out
    key, _, name = chunk.split("/", 2)
    assert f"predictions {key}: {name} is missing or differs" in told
    assert f"1 of {len(CASES)} artifacts are damaged" in told


def test_no_bucket_is_made_for_a_mistyped_name(bucket: str) -> None:
    store = ArtifactStore(f"{bucket}x/store")
    with pytest.raises(StoreAccessError, match=r"There is no bucket .*x for the store .* URL"):
        RunLedger(store, "run").begin({}, "1")
    assert not store.folder.exists("")


@pytest.mark.parametrize("url", ["s3://bucket/a*", "s3://bucket/a[1]/x"])
def test_urls_that_would_be_patterns(url: str) -> None:
    with pytest.raises(InvalidAddressError, match="pattern characters"):
        ArtifactStore(url)


def test_no_credentials(monkeypatch: pytest.MonkeyPatch, s3_server: S3Server) -> None:
    with using(s3_server.environment):
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        store = ArtifactStore(f"s3://{uuid4().hex}/store")
        with pytest.raises(StoreAccessError, match="credentials"):
            store.exists("videos", "k")
        monkeypatch.undo()


class _Service:
    """Answers every request in one way."""

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler], None]) -> None:
        self.asked = 0
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.asked += 1
                answer(self)

            do_PUT = do_HEAD = do_POST = do_DELETE = do_GET

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _status(code: int) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


def _cut_off(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "100")
    request.end_headers()
    request.wfile.write(b"half")
    request.close_connection = True


def _hang_up(request: BaseHTTPRequestHandler) -> None:
    request.connection.shutdown(socket.SHUT_RDWR)
    request.close_connection = True


def _never(request: BaseHTTPRequestHandler) -> None:
    time.sleep(3)
    request.close_connection = True


FAULTS = {
    "500": _status(500),
    "502": _status(502),
    "503": _status(503),
    "504": _status(504),
    "429": _status(429),
    "cut off": _cut_off,
    "hangs up": _hang_up,
    "no answer": _never,
}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    retry_at_once(monkeypatch, 0.001)
    monkeypatch.setattr(
        "storage.files.file_systems._S3_WAITING",
        {"connect_timeout": 0.3, "read_timeout": 0.3, "retries": {"total_max_attempts": 1}},
    )


@pytest.fixture(params=list(FAULTS))
def service(request: pytest.FixtureRequest, impatient: None) -> Iterator[_Service]:
    service = _Service(FAULTS[request.param])
    with using(s3_environment(service.endpoint)):
        yield service
    service.close()


def test_a_service_that_fails_is_asked_five_times_and_named(service: _Service) -> None:
    store = ArtifactStore(f"s3://{uuid4().hex}/store")
    for ask in (
        lambda: store.exists("videos", "k"),
        lambda: store.open("videos", "k"),
        lambda: store.keys("videos"),
    ):
        service.asked = 0
        with pytest.raises(StoreAccessError, match=r"does not answer .* asked 5 times"):
            ask()
        # The error counts what we asked. On a busy machine a request may be given up before the
        # server has seen it; and aiohttp repeats what was hung up on.
        assert 0 < service.asked <= 10


def test_nobody_at_the_address(impatient: None) -> None:
    with using(s3_environment(f"http://127.0.0.1:{free_port()}")):
        store = ArtifactStore(f"s3://{uuid4().hex}/store")
        with pytest.raises(StoreAccessError, match="does not answer"):
            store.exists("videos", "k")


def test_a_refusal_is_asked_once(impatient: None) -> None:
    service = _Service(_status(403))
    with using(s3_environment(service.endpoint)):
        store = ArtifactStore(f"s3://{uuid4().hex}/store")
        for ask in (
            lambda: store.exists("videos", "k"),
            lambda: RunLedger(store, "r").begin({}, "1"),
        ):
            service.asked = 0
            with pytest.raises(StoreAccessError, match="Check the rights"):
                ask()
            assert service.asked == 1
    service.close()
