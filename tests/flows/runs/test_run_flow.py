"""A command runs its flow at the configured server, or as a plain call."""

from typing import Any

import pytest
from prefect import flow
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.settings import PREFECT_API_URL, temporary_settings
from pydantic import BaseModel

from flows.runs.driver import final_state
from flows.runs.run_flow import run_flow
from flows.runs.whole_run import RunEnd
from tasks.errors import TaskError
from tests.processes import free_port
from tests.retries import retry_at_once


class Asked(BaseModel):
    """Parameters of the flow below."""

    outcome: str = "done"


shown: list[bool] = []


@flow(persist_result=False)
def trial(parameters: Asked) -> State[Any]:
    """The work as a flow."""
    return final_state(work(parameters))


def work(parameters: Asked) -> RunEnd:
    """Notes whether it is part of a flow run, and ends as it is asked to."""
    shown.append(FlowRunContext.get() is not None)
    if parameters.outcome == "error":
        raise TaskError("stopped")
    return RunEnd(parameters.outcome == "done", "told")


def run(outcome: str = "done") -> bool:
    asked = Asked(outcome=outcome)
    return run_flow(lambda: work(asked), lambda: (trial, asked))


@pytest.fixture(autouse=True)
def nothing_shown() -> None:
    shown.clear()


def check_outcomes() -> None:
    assert run()
    assert not run("in part")
    with pytest.raises(TaskError, match="stopped"):
        run("error")


def test_without_a_server_it_is_called_plainly() -> None:
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        check_outcomes()
    assert shown == [False] * 3


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("prefect_server")
def test_with_a_server_it_is_a_flow_run() -> None:
    assert PREFECT_API_URL.value()
    check_outcomes()
    assert shown == [True] * 3


def test_a_server_that_is_named_and_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    retry_at_once(monkeypatch)
    url = f"http://127.0.0.1:{free_port()}/api"
    with (
        temporary_settings({PREFECT_API_URL: url}),
        pytest.raises(TaskError, match=rf"server at {url} does not answer: start it \(`make"),
    ):
        run()
    assert shown == []
