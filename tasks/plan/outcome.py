"""Defines the results of a run, which with the ledger's records are the input of its report."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from storage.runs.ledger import VideoRecord
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


@dataclass(frozen=True)
class VideoCounts:
    """How many videos of a run are done, failed, or neither: cut off, or never begun."""

    total: int
    done: int
    failed: int

    @property
    def unfinished(self) -> int:
        """Videos that were cut off or never begun."""
        return self.total - self.done - self.failed

    @property
    def unfinished_told(self) -> str:
        """What follows the counts of the others: ", 2 not finished"; "" if there are none."""
        return f", {self.unfinished} not finished" if self.unfinished else ""


def count_videos(videos: Collection[str], records: Mapping[str, VideoRecord]) -> VideoCounts:
    """Count the videos of a run by the state of their records; those without one are unfinished.

    Args:
        videos: names of the videos to segment.
        records: records of the run, by name; those of training do not count.
    """
    states = [records[name].state for name in videos if name in records]
    return VideoCounts(len(videos), states.count("done"), states.count("failed"))
