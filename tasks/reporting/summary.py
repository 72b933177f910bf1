"""Writes the report in Markdown, and its figures as JSON for printing and comparison."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from storage.runs.ledger import VideoRecord
from tasks.given import GivenMask, masks_told
from tasks.inputs.configuration import Configuration
from tasks.plan.outcome import Outcome, count_videos
from tasks.reporting.escaping import (
    markdown_code,
    markdown_picture,
    markdown_table,
    markdown_text,
)
from tasks.reporting.tables import Tables, common_videos
from tasks.scores.aggregation import aggregate
from tasks.scores.confidence import LOW, MORE_DOUBT, Confidence

_OBJECTS = 100
"""How many objects a summary without figures lists, the worst first; `confidence.csv` has all."""


@dataclasses.dataclass(frozen=True)
class ReportParts:
    """All inputs of the summary."""

    run_id: str
    parameters: Mapping[str, Any]
    configurations: Sequence[Configuration]
    outcome: Outcome
    tables: Tables | None
    """None if the run evaluates nothing."""
    stages: pd.DataFrame
    records: Mapping[str, VideoRecord]
    protocol: str
    sheets: Sequence[str]
    """Overlay files, relative to the report's folder."""
    sections: Sequence[str] = ()
    """More sections in Markdown; empty ones are omitted."""


def comparison(parts: ReportParts, tables: Tables) -> list[dict[str, Any]]:
    """Return `compared_presets` of a run."""
    presets = [configuration.preset.name for configuration in parts.configurations]
    return compared_presets(tables, presets)


def compared_presets(tables: Tables, presets: Sequence[str]) -> list[dict[str, Any]]:
    """Return figures per preset, over the videos that all completed, and the main preset's lead.

    `lead` is the main preset's mean J minus this preset's; None for the main preset, which is the
    first. Empty if they completed no video in common.
    """
    per_object = tables.per_object
    present = [name for name in presets if name in set(per_object["preset"])]
    common = common_videos(tables, present)
    _, dataset = aggregate(per_object[per_object["video"].isin(common)], presets)
    rows: list[dict[str, Any]] = json.loads(dataset.to_json(orient="records"))
    main = next((row for row in rows if row["preset"] == presets[0]), None)
    for row in rows:
        lead = main is not None and row is not main and None not in (main["J_mean"], row["J_mean"])
        row["lead"] = main["J_mean"] - row["J_mean"] if lead and main is not None else None
    return rows


def failures(records: Mapping[str, VideoRecord]) -> list[dict[str, str]]:
    """Return every failed stage with its cause."""
    return [
        {"video": name, "stage": stage, "error": item.error or ""}
        for name, record in sorted(records.items())
        for stage, item in record.stages.items()
        if item.state == "failed"
    ]


def confidence_section(confidence: Confidence) -> str:
    """Return the section on results without annotations; empty if there are no results."""
    if confidence.per_object.empty:
        return ""
    text = (
        f"**{confidence.doubtful} of {len(confidence.per_object)} objects are doubtful.** "
        "Confidence is the mean probability of an object's pixels, from 0 to 1. Masks with less "
        f"than {LOW}, or with {MORE_DOUBT} times the doubt of the object's first frames, are often "
        "wrong. `doubtful_from` is the first of three such frames in a row, or of three without "
        "the object: look there. Nothing was compared with annotations."
    )
    worst = confidence.per_object.sort_values("confidence").head(_OBJECTS)
    return f"## Confidence\n\n{text}\n\n{markdown_table(worst)}"


def markdown(parts: ReportParts) -> str:
    """Return the summary for people."""
    failed = failures(parts.records)
    counts = count_videos(parts.outcome.videos, parts.records)
    sections = [
        f"# {markdown_text(parts.run_id)}\n\n{counts.done} of {counts.total} videos done"
        + (f", **{counts.failed} failed**" if counts.failed else "")
        + f"{counts.unfinished_told}.",
        *([] if parts.tables is None else [_figures(parts, parts.tables)]),
        *(section for section in parts.sections if section),
        "## Provenance\n\n" + _provenance(parts),
        "## Stages\n\n" + markdown_table(parts.stages, digits=1),
    ]
    if failed:
        listed = "\n".join(
            f"- **{markdown_text(item['video'])}**, {item['stage']}: {markdown_text(item['error'])}"
            for item in failed
        )
        sections.insert(1, "## Failures\n\n" + listed)
    if parts.sheets:
        pictures = "\n".join(markdown_picture(name) for name in parts.sheets)
        sections.append("## Pictures\n\n" + pictures)
    return "\n\n".join(sections) + "\n"


def _figures(parts: ReportParts, tables: Tables) -> str:
    if tables.per_object.empty:
        return "## Figures\n\nNo video could be evaluated."
    main = parts.configurations[0].preset.name
    sequences = tables.per_sequence[tables.per_sequence["preset"] == main]
    objects = tables.per_object[tables.per_object["preset"] == main]
    several = ", ".join(given_of(parts.outcome))
    caution = (
        f"\n\n**Objects of {markdown_text(several)} have several given masks.** Their figures are "
        "not those of a benchmark, which gives the first mask alone."
    )
    return "\n\n".join(
        [
            "## Figures\n\nJ is region similarity, F contour accuracy, T temporal instability "
            f"(over all sequences); by the protocol {parts.protocol}." + (several and caution),
            _compared(comparison(parts, tables)),
            f"### {main} per sequence\n\n" + markdown_table(sequences.drop(columns="preset")),
            f"### {main} per object\n\n" + markdown_table(objects.drop(columns="preset")),
        ]
    )


def _compared(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the section that compares the presets, from `compared_presets`."""
    if not rows:
        return "### Presets\n\nNo video was completed by all presets, so they are not compared."
    common = rows[0]["sequences"]
    table = markdown_table(pd.DataFrame(rows).rename(columns={"lead": "lead in J"}))
    return f"### Presets, on the {common} videos that all of them came through with\n\n{table}"


def _masks(outcome: Outcome) -> list[str]:
    """Return sentences about the masks that were given."""
    given = given_of(outcome)
    told = [masks_told(video, masks) for video, masks in given.items()]
    if len(given) < len(outcome.videos):
        told.append(f"One mask per object was given{' in the other videos' if told else ''}.")
    return told


def given_of(outcome: Outcome) -> dict[str, Sequence[GivenMask]]:
    """Return the given masks of the videos that have several per object, by video."""
    videos = {result.video.name: result.video for result in outcome.results}
    return {name: video.given for name, video in sorted(videos.items()) if video.given}


def _provenance(parts: ReportParts) -> str:
    lines = [markdown_text(note) for note in (*parts.outcome.notes, *_masks(parts.outcome))]
    lines += [f"Parent of {name}: `{key}`." for name, key in sorted(parts.outcome.parents.items())]
    overrides = parts.configurations[0].overrides
    if overrides:
        changed = ", ".join(f"{key}={value}" for key, value in sorted(overrides.items()))
        lines.append(f"Changed from the preset: {markdown_text(changed)}.")
    asked = {key: value for key, value in parts.parameters.items() if value is not None}
    lines.append(f"Parameters: {markdown_code(json.dumps(asked, sort_keys=True))}.")
    lines.append("")
    text = "\n".join(f"- {line}" if line else "" for line in lines)
    options = json.dumps(dataclasses.asdict(parts.configurations[0].preset), indent=1)
    return f"{text}\nOptions of the preset, in full:\n\n```json\n{options}\n```"
