"""Notifications of scheduled runs, at a real server and a real HTTP endpoint."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.faults.manifest import written_manifest
from tests.faults.service import Service, serving, wait_for

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3000)]

HELD_BACK = 1000
"""Seconds. Prefect's server holds an event back for up to 15 minutes where it has not seen the one
before, as on a machine under load (`PRECEDING_EVENT_LOOKBACK`)."""


class Endpoint(ThreadingHTTPServer):
    """Keeps the JSON of every POST."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), _Receiver)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}/hook"

    @property
    def runs(self) -> set[str]:
        """Names of the runs that were told of."""
        return {item["run"] for item in self.received}


class _Receiver(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(json.loads(data))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    server = Endpoint()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def progress(service: Service, run_id: str) -> dict[str, tuple[float, str]]:
    """The newest progress artifacts of a flow run, by key."""
    asked = {
        "artifacts": {"flow_run_id": {"any_": [run_id]}, "type": {"any_": ["progress"]}},
        "limit": 50,
    }
    found = service.ask("artifacts/filter", asked)
    return {item["key"]: (float(item["data"]), item["description"]) for item in found}


def test_scheduled_runs_tell_an_endpoint_how_they_ended(tmp_path: Path, endpoint: Endpoint) -> None:
    method = {"preset": "propagate", "workers": 1}
    good = {"manifest": str(written_manifest(tmp_path)), "run_id": "films", **method}
    missing = {"manifest": str(tmp_path / "gone.csv"), "run_id": "no-films", **method}
    by_hand = {"dataset": "davis2016", "root": str(tmp_path / "gone"), "run_id": "by-hand"}
    (tmp_path / "service").mkdir()
    with serving(tmp_path / "service", MASKRNN_WEBHOOK=endpoint.url) as service:
        started = [
            service.start(deployed, given)
            for deployed, given in (
                ("benchmark/synthetic", by_hand),
                ("archive/archive", good),
            )
        ]
        first, second = (service.end_of(id=identifier) for identifier in started)
        third = service.end_of(id=service.start("archive/archive", missing))
        assert [run["state_type"] for run in (first, second, third)] == [
            "FAILED",
            "COMPLETED",
            "FAILED",
        ]
        wait_for(lambda: {"films", "no-films"} <= endpoint.runs, HELD_BACK)
        assert progress(service, second["id"]) == {
            "progress-rows": (100.0, "rows: 1 of 1 units done")
        }
    assert len(endpoint.received) == 2, endpoint.received
    told = {item["run"]: item for item in endpoint.received}
    assert (told["films"]["state"], told["no-films"]["state"]) == ("Completed", "Failed")
    assert told["films"]["deployment"] == "archive"
    assert "gone.csv" in told["no-films"]["message"]
    assert told["films"]["text"] == "films: Completed: 1 rows done"
    assert second["id"] in told["films"]["url"]
