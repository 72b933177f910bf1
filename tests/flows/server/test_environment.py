"""What a command prepares before Prefect and httpx are loaded."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from flows.server.environment import exempt_loopback

_ASK = """
from flows.server.environment import prepare_environment
prepare_environment(debug=False)
import httpx, os, sys
print(httpx.get(sys.argv[1], timeout=10).status_code, os.environ.get("PREFECT_HOME", "usual"))
"""


@pytest.fixture
def local_server(tmp_path: Path) -> Iterator[str]:
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", "127.0.0.1,localhost,::1"),
        ("intern.example, localhost", "intern.example,localhost,127.0.0.1,::1"),
        ("*", "*"),
    ],
)
def test_loopback_is_exempt_from_proxies(
    given: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", given)
    monkeypatch.setenv("no_proxy", given)
    exempt_loopback()
    exempt_loopback()
    assert os.environ["NO_PROXY"] == os.environ["no_proxy"] == expected


def _asked(server: str, **environment: str) -> str:
    known = {name: value for name, value in os.environ.items() if name.lower() != "no_proxy"}
    known.pop("PREFECT_HOME", None)
    command = [sys.executable, "-c", _ASK, server]
    done = subprocess.run(
        command, env={**known, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_request_to_this_machine_does_not_go_to_the_proxy(local_server: str) -> None:
    nowhere = "http://127.0.0.1:9"
    found = _asked(local_server, HTTP_PROXY=nowhere, http_proxy=nowhere, ALL_PROXY=nowhere)
    assert found.startswith("200 ")


def test_a_home_that_cannot_be_written(local_server: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    found = _asked(local_server, HOME=str(tmp_path / "file"))
    home = Path(found.removeprefix("200 "))
    assert home.name.startswith("maskrnn-prefect-")
    assert not home.exists()
    assert _asked(local_server, HOME=str(tmp_path)) == "200 usual"


def _logged(**options: object) -> list[str]:
    """Lines on standard error of a progress line, a hostile line and a warning with a traceback."""
    script = f"""
from flows.server.environment import prepare_environment
prepare_environment(debug=False, **{options!r})
import logging
log = logging.getLogger("maskrnn.run")
log.info("segment 3 of %d", 9)
log.info("video \\x1b[31m\\n{{}}")
try:
    1 / 0
except ZeroDivisionError:
    log.warning("odd", exc_info=True)
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return done.stderr.splitlines()


def test_log_lines_as_json() -> None:
    lines = [json.loads(line) for line in _logged(log_format="json")]
    assert [line["message"] for line in lines] == ["segment 3 of 9", "video \x1b[31m\n{}", "odd"]
    assert [line["level"] for line in lines] == ["info", "info", "warning"]
    assert lines[0]["time"].endswith("+00:00")
    assert "ZeroDivisionError" in lines[2]["error"]


def test_a_quiet_command_tells_only_warnings() -> None:
    lines = _logged(quiet=True)
    assert lines[0].endswith("odd")
    assert not any("segment" in line for line in lines)
