"""Runs a command's flow at the Prefect server that is configured, or else as a plain call."""

from typing import Any

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.settings import PREFECT_API_URL
from pydantic import BaseModel

from flows.runs.driver import FAILED_IN_PART
from tasks.errors import TaskError
from tasks.retries.server_outage import asked_again, is_of_the_server


def run_flow(flow: "Flow[Any, State[Any]]", parameters: BaseModel) -> State[Any]:
    """Run a flow to its end; return its state, which is Completed or Failed in part.

    With PREFECT_API_URL, from the environment or Prefect's profile, it is a flow run at that
    server. Without it, no server is started, and the flow and its stages are plain calls in
    threads. Ledger, report and exit code are the same.

    Args:
        flow: a flow that takes `parameters`.
        parameters: the parameters of the run.

    Raises:
        TaskError: the configured server does not answer.
        Exception: the error that stopped the run.
    """
    url = PREFECT_API_URL.value()
    if not url:
        return flow.fn(parameters)
    _await_server(url)
    state = flow(parameters, return_state=True)
    if not state.is_completed() and state.name != FAILED_IN_PART:
        state.result()  # raises the error that stopped the run
    return state


def _await_server(url: str) -> None:
    def reach() -> None:
        with get_client(sync_client=True) as client:
            error = client.api_healthcheck()
        if error is not None:
            raise error

    try:
        asked_again(reach)
    except Exception as error:
        if not is_of_the_server(error):
            raise
        raise TaskError(
            f"the Prefect server at {url} does not answer: start it (`make serve`), correct "
            "PREFECT_API_URL, or unset it to run without a server"
        ) from error
