"""The stage that writes the page of a run at its end."""

from pathlib import Path

from tasks.pages.report_page import write_report_page
from tasks.reporting.run_readings import RunReadings
from tasks.run.prefect_artifacts import publish_file
from tasks.run.run_context import RunContext
from tasks.run.stage_task import shown_task


@shown_task("page", "page")
def page(context: RunContext, read: RunReadings) -> Path:
    """Write `report.html` of a run; return its path. `read` is what the report has read."""
    written = write_report_page(context.store, context.ledger.run_id, read=read)
    publish_file("page", written, "report.html")
    return written
