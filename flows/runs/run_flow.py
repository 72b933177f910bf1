"""Runs what a command asks for: at the Prefect server that is configured, or as a plain call."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from flows.plan.handed_over import handed_over
from flows.runs.whole_run import RunEnd
from flows.server.configured import server_url
from tasks.errors import TaskError
from tasks.retries.server_outage import asked_again, is_of_the_server

FlowCall = tuple[Any, BaseModel]
"""A Prefect flow that takes parameters, and these parameters."""


def run_flow(
    plain: Callable[[], RunEnd], flow_call: Callable[[], FlowCall], prepared: object = None
) -> bool:
    """Run something to its end; return whether it is complete, or else failed in part.

    With PREFECT_API_URL, from the environment or Prefect's profile, it is a flow run at that
    server. Without it, no server is started, Prefect is not loaded, and the stages are plain calls
    in threads. Ledger, report and exit code are the same.

    Args:
        plain: does the work without a server.
        flow_call: loads the flow that does the same.
        prepared: value that the flow need not determine again; see `flows.plan.handed_over`.

    Raises:
        TaskError: the configured server does not answer.
        Exception: the error that stopped the run.
    """
    url = server_url()
    if not url:
        return plain().is_complete
    flow, parameters = flow_call()
    _await_server(url)
    from flows.runs.driver import FAILED_IN_PART

    with handed_over(parameters, prepared):
        state = flow(parameters, return_state=True)
    if not state.is_completed() and state.name != FAILED_IN_PART:
        state.result()  # raises the error that stopped the run
    return bool(state.is_completed())


def _await_server(url: str) -> None:
    from prefect.client.orchestration import get_client

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
