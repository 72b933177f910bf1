"""The Prefect task that writes the page of a run at its end."""

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.pages.report_page import write_report_page
from tasks.run.run_context import RunContext


@task(name="page", task_run_name="page", cache_policy=NO_CACHE, persist_result=False)
def page(context: RunContext) -> Path:
    """Write `report.html` of a run; return its path."""
    return write_report_page(context.store, context.ledger.run_id)
