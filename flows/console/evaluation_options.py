"""Options of `maskrnn evaluate`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Group, Parameter

_DATA = Group("Data")
_EVALUATION = Group("Evaluation")


@Parameter(name="*", group=_DATA)
@dataclass(frozen=True)
class AnnotationOptions:
    """Against which annotations.

    Attributes:
        dataset: Name of a data set, such as davis2016; a wrong one lists all.
        root: Folder of the data set; its frames need not be there.
        split: Split to evaluate. Default: the data set's own, val.
        videos: Only these videos, separated by commas.
    """

    dataset: str
    root: Path | None = None
    split: str | None = None
    videos: str | None = None


@Parameter(name="*", group=_EVALUATION)
@dataclass(frozen=True)
class EvaluationOptions:
    """How, and where to.

    Attributes:
        protocol: davis2016, davis2017-semi-supervised, davis2017-unsupervised, segtrack2 or paper.
            Default: the data set's own.
        missing: What a missing frame or sequence is: an error, or an empty prediction.
        stability: Whether T is computed, which takes most of the time.
        workers: Processes. Default: as many as there are cores, and as the work is worth.
        out: Folder for all tables as Parquet, CSV and Markdown.
        official_csv: Write the two CSV files of the DAVIS-2017 tools to OUT as well.
        debug: Show tracebacks.
    """

    protocol: str | None = None
    missing: Literal["error", "empty"] = "error"
    stability: bool = True
    workers: int | None = None
    out: Path | None = None
    official_csv: Annotated[bool, Parameter(negative="")] = False
    debug: Annotated[bool, Parameter(negative="")] = False
