"""A Prefect server that requires a password, as described in docs/scheduling.md."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.prefect_api import answers
from tests.processes import free_port, stop

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
SECRET = "operator:a-password"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Environment of a client of the server, without the password."""
    folder = tmp_path_factory.mktemp("server")
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    common = {**os.environ, "PREFECT_HOME": str(folder), "PYTHONPATH": str(ROOT)}
    serve = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1"]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [*serve, "--port", str(port)],
            env={**common, "PREFECT_SERVER_API_AUTH_STRING": SECRET},
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + 300
        while not answers(url):
            assert server.poll() is None, (folder / "server.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.5)
        yield {**common, "PREFECT_API_URL": url}
    finally:
        stop(server, 30)


def ingest(environment: dict[str, str], store: Path) -> "subprocess.CompletedProcess[str]":
    command = ["ingest", "--videos", "val-000", "--workers", "1", "--run-id", "run"]
    return subprocess.run(
        [sys.executable, "-m", "flows.cli.app", *command, "--store", str(store)],
        env=environment,
        cwd=store.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


def test_who_has_no_password_is_refused(environment: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{environment['PREFECT_API_URL']}/admin/version", timeout=30)
    wrong = {**environment, "PREFECT_API_AUTH_STRING": "operator:wrong"}
    ran = ingest(wrong, tmp_path / "store")
    assert ran.returncode != 0
    assert "401" in ran.stderr
    assert not (tmp_path / "store" / "runs").exists()


def test_who_has_it_runs(environment: dict[str, str], tmp_path: Path) -> None:
    right = {**environment, "PREFECT_API_AUTH_STRING": SECRET}
    ran = ingest(right, tmp_path / "store")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert (tmp_path / "store" / "runs" / "run" / "run.json").exists()
