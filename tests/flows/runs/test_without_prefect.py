"""Commands without a configured Prefect server give the same results and start no server."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from prefect.context import FlowRunContext
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.commands.execution import execute
from tests.flows.tiny import OVERRIDES

pytestmark = pytest.mark.timeout(300)

DRAWN = {key: OVERRIDES[key] for key in OVERRIDES if key.startswith("synthetic.")}
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def no_server() -> Iterator[None]:
    """No server is configured, even if other tests of the session use one."""
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        yield


def fields(store: Path, scheduler: str, **others: Any) -> dict[str, Any]:
    asked = {"store": str(store), "run_id": "run", "preset": "propagate", "until": "report"}
    rest = {"compare": ("first-frame",), "dask_address": scheduler, "overrides": DRAWN}
    return {**asked, **rest, **others}


def results(store: Path) -> dict[str, bytes]:
    report = store / "runs" / "run" / "report"
    files = [*report.glob("masks/*/*/*.png"), *report.glob("per_*.csv")]
    return {str(file.relative_to(report)): file.read_bytes() for file in files}


@pytest.mark.usefixtures("prefect_server")
def test_results_are_those_of_a_flow_run(tmp_path: Path, scheduler: str) -> None:
    assert execute(fields(tmp_path / "shown", scheduler)) == 0
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        assert execute(fields(tmp_path / "plain", scheduler)) == 0
    assert results(tmp_path / "plain") == results(tmp_path / "shown")
    assert len(results(tmp_path / "plain")) > 2 * 2 * 5


@pytest.mark.usefixtures("no_server")
def test_a_failed_video_is_told_as_ever(
    davis: Path, tmp_path: Path, scheduler: str, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = sorted((davis / "JPEGImages" / "480p").glob("val-*/00002.jpg"))[0]
    broken.write_bytes(b"no picture")
    data = {"dataset": "davis2017", "root": str(davis), "overrides": {}}
    assert execute(fields(tmp_path / "store", scheduler, **data)) == 1
    assert broken.parent.name in capfd.readouterr().err
    assert FlowRunContext.get() is None


@pytest.mark.usefixtures("no_server")
def test_a_run_of_many_videos(
    tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.runs.stage_calls.MOST_VIDEOS", 1)
    assert execute(fields(tmp_path, scheduler)) == 0
    assert len(results(tmp_path)) > 2 * 2 * 5


def test_a_command_starts_no_server(tmp_path: Path) -> None:
    """It runs in this process and its workers; nothing of Prefect's is written anywhere."""
    changes = [f"{name}={value}" for name, value in DRAWN.items()]
    command = ["benchmark", "--preset", "first-frame", "--compare", "", "--workers", "1"]
    environment = {key: value for key, value in os.environ.items() if key != "PREFECT_API_URL"}
    home = {"PREFECT_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.cli.app", *command, "--store", "store", "--set", *changes],
        cwd=tmp_path,
        env={**environment, **home},
        stderr=subprocess.PIPE,
    )
    seen: set[str] = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.2):
            try:
                for child in psutil.Process(process.pid).children(recursive=True):
                    seen.add(" ".join(child.cmdline()))
            except psutil.Error:
                continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, told = process.communicate()
    ended.set()
    watcher.join()
    assert process.returncode == 0, told.decode()
    assert seen, "no worker was seen"
    assert not [command for command in seen if "uvicorn" in command or "prefect" in command]
    assert not list((tmp_path / "home").glob("*.db*"))
