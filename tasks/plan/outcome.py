"""Defines the results of a run, which with the ledger's records are the input of its report."""

from dataclasses import dataclass, field

from tasks.keys import PreparedVideo


@dataclass(frozen=True)
class VideoResult:
    """Keys of the artifacts that one preset made for one video."""

    video: PreparedVideo
    preset: str
    prediction: str
    evaluation: str | None


@dataclass
class Outcome:
    """Results of a run, filled while it executes.

    Attributes:
        videos: names of the videos to segment.
        results: one per video and preset that succeeded.
        parents: key of the parent per preset that has one.
        notes: what a reader must know: where the parent comes from, which videos were skipped.
    """

    videos: list[str] = field(default_factory=list)
    results: list[VideoResult] = field(default_factory=list)
    parents: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
