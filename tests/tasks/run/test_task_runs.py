"""Task runs whose Prefect server goes away, and retries without a task run."""

import threading
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prefect.exceptions import CrashedRun

from tasks.errors import WORKER_DIED, TaskError, UnitError
from tasks.retries import server_outage
from tasks.run.task_runs import call_plainly, start_task
from tests.retries import retry_at_once


class Stage:
    """A task whose runs end with an error of Prefect's, or of its own; calls are counted."""

    name = "ingest"

    def __init__(
        self,
        of_the_run: Exception | None,
        *of_the_calls: Exception,
        meeting: threading.Barrier | None = None,
    ) -> None:
        self.runs = self.calls = 0
        self._meeting = meeting
        self._of_the_run = of_the_run
        self._of_the_calls = list(of_the_calls)

    def fn(self, number: int) -> int:
        self.calls += 1
        if self._meeting is not None:
            self._meeting.wait()
        if self._of_the_calls:
            raise self._of_the_calls.pop(0)
        return number + 1

    def submit(self, number: int) -> Any:
        self.runs += 1

        def result() -> int:
            if self._of_the_run is not None:
                raise self._of_the_run
            return self.fn(number)

        return SimpleNamespace(result=result, wait=lambda: None)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    retry_at_once(monkeypatch)


@pytest.fixture
def within_a_flow_run(monkeypatch: pytest.MonkeyPatch) -> None:
    run = uuid4()
    monkeypatch.setattr(server_outage, "_flow_run", lambda: run)


def stage(of_the_run: Exception | None, *of_the_calls: Exception, **options: Any) -> Any:
    return Stage(of_the_run, *of_the_calls, **options)


def caused_by(cause: Exception) -> Exception:
    error = RuntimeError("no slot")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [httpx.ConnectError("refused"), CrashedRun("crashed"), caused_by(httpx.ReadTimeout("late"))],
)
@pytest.mark.usefixtures("within_a_flow_run")
def test_without_an_answer_this_task_and_all_further_ones_are_called(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    tasks = [stage(error) for _ in range(4)]
    together = [start_task(task, 1) for task in tasks[:2]]
    assert [started.result() for started in together] == [2, 2]
    assert not server_outage.shows_in_prefect()
    assert [start_task(task, 1).result() for task in tasks[2:]] == [2, 2]
    assert [(task.runs, task.calls) for task in tasks] == [(1, 1), (1, 1), (0, 1), (0, 1)]
    (warning,) = caplog.messages
    assert "the run continues without it" in warning


@pytest.mark.usefixtures("within_a_flow_run")
def test_an_error_of_the_task_itself_is_raised() -> None:
    task = stage(TaskError("bad video"))
    with pytest.raises(TaskError, match="bad video"):
        start_task(task, 1).result()
    assert (task.runs, task.calls) == (1, 0)


def test_outside_of_a_flow_run_tasks_are_called_side_by_side() -> None:
    meeting = threading.Barrier(2, timeout=20)
    tasks = [stage(None, meeting=meeting) for _ in range(2)]
    started = [start_task(task, 1) for task in tasks]
    for task in started:
        task.wait()
    assert [task.result() for task in started] == [2, 2]
    assert [task.runs for task in tasks] == [0, 0]
    failed = start_task(stage(None, TaskError("bad video")), 1)
    failed.wait()
    with pytest.raises(TaskError, match="bad video"):
        failed.result()


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
