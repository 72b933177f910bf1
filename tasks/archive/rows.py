"""Defines a row of a manifest on its way through a run, and its result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from maskrnn_core.digest import stable_digest
from maskrnn_core.options import ComputeOptions, Preset
from tasks.clip import StreamOptions
from tasks.inputs.flow_method import FlowMethod

SECONDS = ("fetch", "open", "decode", "cuts", "flow", "finetune", "segment", "write")
"""Stages whose wall seconds are measured separately."""

COUNTS = ("frames", "objects", "shots", "resumed", "bytes", "real_time_factor")
"""More figures of a row; `bytes` were downloaded, `resumed` frames existed already."""

TRUST = ("confidence", "lost_share", "doubtful_share", "area")
"""How far the result of a row can be trusted; see `tasks.scores.confidence.video_confidence`."""


@dataclass(frozen=True)
class ArchiveMethod:
    """How all rows of a run are segmented.

    Args:
        flow: the estimator of optical flow.
        preset: network and options.
        compute: device, precision, threads.
        parent: key of the parent's checkpoint; None for a preset without a network.
        short_side: of the frames, in pixels; None keeps the source's.
        options: cuts and soft masks.
    """

    flow: FlowMethod
    preset: Preset
    compute: ComputeOptions
    parent: str | None
    short_side: int | None
    options: StreamOptions = field(default_factory=StreamOptions)

    @property
    def digest(self) -> str:
        """Identity of everything that changes a result."""
        return stable_digest(
            {
                "flow": self.flow.digest,
                "preset": self.preset,
                "compute": self.compute,
                "parent": self.parent,
                "short_side": self.short_side,
                "options": self.options,
            }
        )


@dataclass(frozen=True, slots=True)
class ArchiveRow:
    """A row to process.

    Args:
        index: of the row among the usable ones of the manifest, from 0.
        id: its name in ledger and results.
        video: path or address.
        mask: path or address.
        start: seconds; None from the first frame.
        end: seconds, exclusive; None to the last frame.
        request: digest of what is requested: files, span, method.
        attempt: number of this attempt, from 1.
    """

    index: int
    id: str
    video: str
    mask: str
    start: float | None
    end: float | None
    request: str
    attempt: int


@dataclass(frozen=True, slots=True)
class RowResult:
    """The result of a row.

    Args:
        index: index of the row.
        state: "done", "failed", or "pending" if another attempt may succeed.
        seconds: time on the worker.
        worker: name of the worker.
        attempt: number of the attempt.
        key: key of the prediction; empty if there is none.
        reused: whether the prediction existed already.
        error: message, if the row did not succeed.
        figures: the known ones, by the names above.
        note: what a person should check about the video and its masks.
        obstacle: why the row has to wait: another run is making the same prediction ("held"), or
            its worker died ("died").
    """

    index: int
    state: Literal["done", "failed", "pending"]
    seconds: float
    worker: str
    attempt: int
    key: str = ""
    reused: bool = False
    error: str | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    obstacle: Literal["", "held", "died"] = ""
    note: str = ""
