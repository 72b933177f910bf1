"""Reports training curves of a run: files in its report, and an artifact of the flow run."""

import pandas as pd

from tasks.reporting.curves import curves_section
from tasks.reporting.curves_plot import curves_figure
from tasks.reporting.folder import replace_file, report_folder, write_tables
from tasks.reporting.plotting import png
from tasks.run.prefect_artifacts import publish
from tasks.run.run_context import RunContext
from tasks.run.stage_task import shown_task

_PICTURE = "plots/training.png"


@shown_task("curves", "curves")
def training_curves(context: RunContext, curves: pd.DataFrame) -> str:
    """Write table and picture of all networks of the run; return the report's section on them.

    The section is empty if nothing was trained. `curves` are those that `gather_curves` gives.
    """
    section = curves_section(curves, _PICTURE)
    if section:
        folder = report_folder(context.store, context.ledger.location)
        picture = png(curves_figure(curves))
        write_tables({"training_curves": curves}, folder)
        replace_file(folder / _PICTURE, picture)
        publish("training-curves", section, {_PICTURE: picture})
    return section
