"""Tables of an evaluation as files: Parquet, CSV, Markdown, and the layout of the DAVIS tools."""

from pathlib import Path

import pandas as pd

from tasks.evaluation.evaluation import Evaluation
from tasks.reporting.folder import replace_file
from tasks.scores.aggregation import BOTH, markdown_table

_DIGITS = 4


def write_tables(evaluation: Evaluation, folder: Path) -> None:
    """FOLDER/NAME.parquet, .csv and .md for every table; numbers are rounded in .md only."""
    for name, table in evaluation.named().items():
        replace_file(folder / f"{name}.parquet", table.to_parquet(index=False))
        replace_file(folder / f"{name}.csv", table.to_csv(index=False).encode())
        text = f"# {evaluation.predictions}: {name.replace('_', ' ')}\n\n{_how(evaluation)}\n\n"
        text += markdown_table(table, _DIGITS) + "\n"
        replace_file(folder / f"{name}.md", text.encode())


def write_official(evaluation: Evaluation, folder: Path) -> None:
    """The two CSV files of the DAVIS-2017 tools, columns, order and rounding included.

    FOLDER/global_results-SPLIT.csv and FOLDER/per-sequence_results-SPLIT.csv, whose rows are the
    objects of all sequences, numbered from 1; in a matched protocol by predicted label.
    """
    whole = evaluation.dataset_figures
    columns = {BOTH: "J&F-Mean"}
    columns |= {
        f"{letter}_{name.lower()}": f"{letter}-{name}"
        for letter in "JF"
        for name in ("Mean", "Recall", "Decay")
    }
    _write(whole[list(columns)].rename(columns=columns), folder, "global_results", evaluation)
    objects = evaluation.per_object
    if "predicted_label" in objects.columns:
        objects = objects.sort_values(["video", "predicted_label"], kind="stable")
    else:
        objects = objects.sort_values(["video", "object"], kind="stable")
    numbers = objects.groupby("video").cumcount() + 1
    table = pd.DataFrame(
        {
            "Sequence": objects["video"] + "_" + numbers.astype(str),
            "J-Mean": objects["J_mean"],
            "F-Mean": objects["F_mean"],
        }
    )
    _write(table, folder, "per-sequence_results", evaluation)


def _write(table: pd.DataFrame, folder: Path, name: str, evaluation: Evaluation) -> None:
    text = table.to_csv(index=False, float_format="%.3f")
    replace_file(folder / f"{name}-{evaluation.split}.csv", text.encode())


def _how(evaluation: Evaluation) -> str:
    text = (
        f"{evaluation.dataset}, split {evaluation.split}, protocol {evaluation.rules.name}. J is "
        "region similarity, F contour accuracy (higher is better), T temporal instability and "
        "decay (lower is better)."
    )
    return " ".join([text, *evaluation.notes])
