"""The task runs that Prefect's server recorded."""


def task_runs(run_id: str) -> list[tuple[str, str]]:
    """Name and state of the task runs of a flow run."""
    from prefect import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName

    with get_client(sync_client=True) as client:
        named = FlowRunFilter(name=FlowRunFilterName(any_=[run_id]))
        found = client.read_task_runs(flow_run_filter=named)
    return sorted((run.name, run.state_name or "") for run in found)
