"""Task runs whose Prefect server goes away, and retries without a task run."""

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from prefect.exceptions import CrashedRun

from tasks.errors import WORKER_DIED, TaskError, UnitError
from tasks.run.task_runs import call_plainly, start_task
from tests.retries import retry_at_once


class Stage:
    """A task whose runs end with an error of Prefect's, or of its own; calls are counted."""

    name = "ingest"

    def __init__(self, of_the_run: Exception | None, *of_the_calls: Exception) -> None:
        self.calls = 0
        self._of_the_run = of_the_run
        self._of_the_calls = list(of_the_calls)

    def fn(self, number: int) -> int:
        self.calls += 1
        if self._of_the_calls:
            raise self._of_the_calls.pop(0)
        return number + 1

    def submit(self, number: int) -> Any:
        def result() -> int:
            if self._of_the_run is not None:
                raise self._of_the_run
            return self.fn(number)

        return SimpleNamespace(result=result, wait=lambda: None)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    retry_at_once(monkeypatch)


def stage(of_the_run: Exception | None, *of_the_calls: Exception) -> Any:
    return Stage(of_the_run, *of_the_calls)


def caused_by(cause: Exception) -> Exception:
    error = RuntimeError("no slot")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [httpx.ConnectError("refused"), CrashedRun("crashed"), caused_by(httpx.ReadTimeout("late"))],
)
def test_without_a_server_the_task_is_called(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    task = stage(error)
    assert start_task(task, 1).result() == 2
    assert task.calls == 1
    assert "ingest is not shown as a task run" in caplog.text


def test_an_error_of_the_task_itself_is_raised() -> None:
    task = stage(TaskError("bad video"))
    with pytest.raises(TaskError, match="bad video"):
        start_task(task, 1).result()
    assert task.calls == 0


def test_what_may_pass_is_tried_again_without_a_task_run() -> None:
    busy = UnitError("503", "StoreAccessError", "", transient=True)
    task = stage(None, busy, TimeoutError())
    assert call_plainly(task, 1) == 2
    assert task.calls == 3
    task = stage(None, busy, busy, busy)
    with pytest.raises(UnitError):
        call_plainly(task, 1)
    assert task.calls == 3


def test_a_bad_video_and_a_second_death_are_not_tried_again() -> None:
    task = stage(None, TaskError("bad video"))
    with pytest.raises(TaskError):
        call_plainly(task, 1)
    assert task.calls == 1
    died = UnitError("died", WORKER_DIED, "")
    task = stage(None, died, died)
    with pytest.raises(UnitError):
        call_plainly(task, 1)
    assert task.calls == 2
