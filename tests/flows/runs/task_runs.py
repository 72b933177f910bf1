"""The task runs that Prefect's server recorded."""

import time

PATIENCE = 60.0
"""Seconds in which the server has received the last events of a flow run."""


def task_runs(run_id: str) -> list[tuple[str, str]]:
    """Name and state of the task runs of a flow run that has ended.

    The server learns of a task run by events that arrive later than the flow run's end: its name
    comes when it starts, its last state when it ends. So this waits until all of them have ended.
    """
    until = time.monotonic() + PATIENCE
    while True:
        found = _recorded(run_id)
        if all(final for _, _, final in found) or time.monotonic() > until:
            return sorted((name, state) for name, state, _ in found)
        time.sleep(0.2)


def _recorded(run_id: str) -> list[tuple[str, str, bool]]:
    """Name, state, and whether the state is final, as the server knows them now."""
    from prefect import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName

    with get_client(sync_client=True) as client:
        named = FlowRunFilter(name=FlowRunFilterName(any_=[run_id]))
        runs = client.read_task_runs(flow_run_filter=named)
    return [
        (run.name, run.state_name or "", run.state is not None and run.state.is_final())
        for run in runs
    ]
