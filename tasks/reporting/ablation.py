"""Compares the ablation of a run with the paper's: the table, and the effect of each part."""

import itertools
import json
from dataclasses import dataclass
from typing import Any

import pandas as pd

from maskrnn_core.ablation import ABLATION
from tasks.reporting.escaping import markdown_picture, markdown_table
from tasks.reporting.tables import Tables, common_videos

_SMALLEST = 0.005
"""Percent; smaller differences print as the same figure."""

TITLES = {"davis2016": "DAVIS-2016", "davis2017": "DAVIS-2017"}
"""Names of the data sets in the paper."""
OFFLINE, FINETUNED = "without finetuning", "with finetuning"


@dataclass(frozen=True)
class AblationFigures:
    """All figures in percent; NaN for a configuration that completed no video.

    Attributes:
        published: the data set of the paper to compare with.
        videos: how many videos count: those that all configurations completed.
        objects: how many objects they show.
        table: a row per configuration: `configuration`, J here and in the paper (`paper`), both
            without and with finetuning.
        differences: a row per comparison: `more` against `less`, `here`, `objects` with a higher
            J, `paper`, and the `verdict`.
    """

    published: str
    videos: int
    objects: int
    table: pd.DataFrame
    differences: pd.DataFrame

    def named(self) -> dict[str, pd.DataFrame]:
        """The tables by the names of their files."""
        return {"ablation": self.table, "ablation_differences": self.differences}

    def as_json(self) -> dict[str, Any]:
        """Return both tables and the sentence as JSON values."""
        tables = {
            name: json.loads(table.to_json(orient="records"))
            for name, table in self.named().items()
        }
        return {**tables, "summary": self.summary}

    @property
    def summary(self) -> str:
        """Return a sentence on how much of the paper's order this run confirms."""
        counts = self.differences["verdict"].value_counts()
        found, total = int(counts.get("reproduced", 0)), len(self.differences)
        against = list(self.differences.loc[self.differences["verdict"] == "reversed", "title"])
        text = (
            f"{found} of the {total} differences have the sign that the paper gives them on "
            f"{TITLES[self.published]}, on {self.videos} videos with {self.objects} objects"
        )
        return f"{text}; reversed: {', '.join(against)}." if against else f"{text}."


def ablation_figures(tables: Tables, base: str, dataset: str) -> AblationFigures:
    """Compute the figures of an ablation.

    Args:
        tables: of the run.
        base: name of the preset that was varied.
        dataset: of the run; if the paper has no ablation for it, the comparison is with
            DAVIS-2017, which has several objects per video.
    """
    published = dataset if dataset in ABLATION[0].published else "davis2017"
    names = {
        (row.name, finetuned): row.name_on(base, finetuned=finetuned)
        for row in ABLATION
        for finetuned in (False, True)
    }
    common = common_videos(tables, list(names.values()))
    rows = tables.per_object[tables.per_object["video"].isin(common)]
    wide = rows.pivot(index=["video", "object"], columns="preset", values="J_mean") * 100
    scores = wide.reindex(columns=list(names.values())).rename(
        columns={name: key for key, name in names.items()}
    )
    table = pd.DataFrame(
        {
            "configuration": [row.title for row in ABLATION],
            f"J {OFFLINE}": [_mean(scores, (row.name, False)) for row in ABLATION],
            f"paper {OFFLINE}": [row.published[published][0] for row in ABLATION],
            f"J {FINETUNED}": [_mean(scores, (row.name, True)) for row in ABLATION],
            f"paper {FINETUNED}": [row.published[published][1] for row in ABLATION],
        }
    )
    return AblationFigures(
        published, len(common), len(wide), table, _differences(scores, published)
    )


def ablation_section(figures: AblationFigures, picture: str) -> str:
    """Return the section in Markdown; `picture` is a name relative to the report."""
    return "\n\n".join(
        [
            "## Ablation\n\nMean J in percent; every row has what the row above has, and more. "
            f"`paper` is its Table 2 on {TITLES[figures.published]}. {figures.summary}",
            markdown_table(figures.table, digits=2),
            markdown_picture(picture),
            "### What each part makes\n\nDifferences in J; `objects` counts those whose J is "
            f"higher with it, of {figures.objects}.",
            markdown_table(figures.differences.drop(columns="title"), digits=2),
        ]
    )


def _mean(scores: pd.DataFrame, key: tuple[str, bool]) -> float:
    return float(scores[key].mean())


def _differences(scores: pd.DataFrame, published: str) -> pd.DataFrame:
    rows = []
    for finetuned, how in ((False, OFFLINE), (True, FINETUNED)):
        for less, more in itertools.pairwise(ABLATION):
            here = scores[more.name, finetuned] - scores[less.name, finetuned]
            paper = more.published[published][finetuned] - less.published[published][finetuned]
            rows.append(
                (f"{more.title}, {how}", more.title, less.title, how, *_judged(here, paper))
            )
    for row in ABLATION:
        here = scores[row.name, True] - scores[row.name, False]
        paper = row.published[published][1] - row.published[published][0]
        title = f"finetuning of {row.title}"
        rows.append((title, FINETUNED, OFFLINE, row.title, *_judged(here, paper)))
    columns = ["title", "more", "less", "on", "here", "objects", "paper", "verdict"]
    return pd.DataFrame(rows, columns=columns)


def _judged(here: "pd.Series[float]", paper: float) -> tuple[float, int, float, str]:
    """Return mean difference, objects that gain, the paper's difference, whether signs agree."""
    mean = float(here.mean())
    if pd.isna(mean):
        verdict = "not measured"
    elif abs(mean) < _SMALLEST:
        verdict = "no difference"
    else:
        verdict = "reproduced" if (mean > 0) == (paper > 0) else "reversed"
    return mean, int((here > 0).sum()), paper, verdict
