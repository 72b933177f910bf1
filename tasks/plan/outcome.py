"""What a run led to: all that its report is made of, beside the ledger's records."""

from dataclasses import dataclass, field

from tasks.keys import PreparedVideo


@dataclass(frozen=True)
class VideoResult:
    """Keys of what one preset made of one video."""

    video: PreparedVideo
    preset: str
    prediction: str
    evaluation: str | None


@dataclass
class Outcome:
    """Results of a run as they come in.

    Attributes:
        videos: names of the videos to be segmented.
        results: one per video and preset that came through.
        parents: key of the parent per preset that has one.
        notes: what a reader must know: where the parent comes from, what was left out.
    """

    videos: list[str] = field(default_factory=list)
    results: list[VideoResult] = field(default_factory=list)
    parents: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
