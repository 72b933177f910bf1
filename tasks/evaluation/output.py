"""Writes tables of an evaluation as Parquet, CSV, Markdown, and in the layout of DAVIS's tools."""

import pandas as pd

from storage.files.output_folder import OutputFolder
from tasks.evaluation.evaluation import TABLES, Evaluation
from tasks.reporting.escaping import csv_bytes, markdown_table, markdown_text
from tasks.scores.aggregation import BOTH

_DIGITS = 4
_OFFICIAL = _GLOBAL, _PER_SEQUENCE = "global_results", "per-sequence_results"


def output_names(split: str | None) -> list[str]:
    """Return the files that an evaluation may write.

    Args:
        split: of the data set, for the files of `write_official`; None for only those of
            `write_tables`.
    """
    names = [f"{name}{suffix}" for name in TABLES for suffix in (".parquet", ".csv", ".md")]
    return names if split is None else names + [_official(name, split) for name in _OFFICIAL]


def write_tables(evaluation: Evaluation, out: OutputFolder) -> None:
    """Write OUT/NAME.parquet, .csv and .md for every table; only .md has rounded numbers."""
    for name, table in evaluation.named().items():
        out.write(f"{name}.parquet", table.to_parquet(index=False))
        out.write(f"{name}.csv", csv_bytes(table))
        title = f"{markdown_text(evaluation.predictions)}: {name.replace('_', ' ')}"
        text = f"# {title}\n\n{_how(evaluation)}\n\n"
        text += markdown_table(table, _DIGITS) + "\n"
        out.write(f"{name}.md", text.encode())


def write_official(evaluation: Evaluation, out: OutputFolder) -> None:
    """Write the two CSV files of the DAVIS-2017 tools with their columns, order and rounding.

    The files are OUT/global_results-SPLIT.csv and OUT/per-sequence_results-SPLIT.csv. Their rows
    are the objects of all sequences, numbered from 1; in a matched protocol by predicted label.
    """
    whole = evaluation.dataset_figures
    columns = {BOTH: "J&F-Mean"}
    columns |= {
        f"{letter}_{name.lower()}": f"{letter}-{name}"
        for letter in "JF"
        for name in ("Mean", "Recall", "Decay")
    }
    _write(whole[list(columns)].rename(columns=columns), out, _GLOBAL, evaluation)
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
    _write(table, out, _PER_SEQUENCE, evaluation)


def _write(table: pd.DataFrame, out: OutputFolder, name: str, evaluation: Evaluation) -> None:
    out.write(_official(name, evaluation.split), csv_bytes(table, "%.3f"))


def _official(name: str, split: str) -> str:
    return f"{name}-{split}.csv"


def _how(evaluation: Evaluation) -> str:
    text = (
        f"{evaluation.dataset}, split {evaluation.split}, protocol {evaluation.rules.name}. J is "
        "region similarity, F contour accuracy (higher is better), T temporal instability and "
        "decay (lower is better)."
    )
    return " ".join([text, *map(markdown_text, evaluation.notes)])
