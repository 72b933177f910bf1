"""Defines the options of `maskrnn evaluate`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Group, Parameter

_DATA = Group("Data")
_EVALUATION = Group("Evaluation")


@Parameter(name="*", group=_DATA)
@dataclass(frozen=True)
class AnnotationOptions:
    """Options that choose the annotations to compare with.

    Attributes:
        dataset: Name of a data set, such as davis2016; an unknown name lists all. Default: told by
            the layout of the folder ROOT.
        root: Folder of the data set; the frames may be missing.
        split: Split to evaluate. Default: the data set's own, val.
        videos: Only these videos, separated by commas.
    """

    dataset: str | None = None
    root: Path | None = None
    split: str | None = None
    videos: str | None = None


@Parameter(name="*", group=_EVALUATION)
@dataclass(frozen=True)
class EvaluationOptions:
    """Options for how to evaluate and where to write the results.

    Attributes:
        protocol: davis2016, davis2017-semi-supervised, davis2017-unsupervised, segtrack2,
            youtube-vos or paper. Default: the data set's own.
        missing: How to treat a missing frame or sequence: as an error or an empty prediction.
        stability: Compute T, which takes most of the time.
        workers: Worker processes. Default: by the number of cores and the amount of work.
        out: Folder for all tables as Parquet, CSV and Markdown.
        official_csv: Also write the two CSV files of the DAVIS-2017 tools to OUT.
        dry_run: Only show what would be evaluated, what is missing, and what would be written.
        debug: Show tracebacks.
    """

    protocol: str | None = None
    missing: Literal["error", "empty"] = "error"
    stability: bool = True
    workers: int | None = None
    out: Path | None = None
    official_csv: Annotated[bool, Parameter(negative="")] = False
    dry_run: Annotated[bool, Parameter(negative="")] = False
    debug: Annotated[bool, Parameter(negative="")] = False
