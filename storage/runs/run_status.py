"""State of a run, derived from its records and the signs of life beside them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from storage.runs.drivers import Driver, drivers
from storage.runs.ledger import RunInfo, RunLedger, StageRecord, VideoRecord
from storage.runs.names import RecordName
from storage.store.artifacts import ArtifactStore

Condition = Literal["pending", "waiting", "running", "reused", "done", "failed", "stale"]
"""`waiting`: for a worker or an earlier stage; `stale`: the process that worked on it has ended."""


@dataclass(frozen=True)
class StageStatus:
    """One stage of one video.

    Args:
        condition: see `Condition`.
        seconds: time on the worker, if the stage has ended.
        worker: the worker that did or does it; "host pid" while it runs.
        silent: seconds since the last sign of life, while it runs.
        text: its error or note.
    """

    condition: Condition
    seconds: float
    worker: str
    silent: float | None
    text: str


@dataclass(frozen=True)
class VideoStatus:
    """One video with its stages by name, in the order in which they ran."""

    video: str
    condition: Condition
    attempt: int
    stages: Mapping[str, StageStatus]


@dataclass(frozen=True)
class RunStatus:
    """A run: its drivers and its records by name."""

    info: RunInfo
    drivers: Sequence[Driver]
    records: Sequence[VideoStatus]

    @property
    def videos(self) -> Sequence[VideoStatus]:
        """The records of the videos to segment."""
        return [record for record in self.records if _is_video(record)]

    @property
    def training(self) -> Sequence[VideoStatus]:
        """The records of the parents and of the videos that they are trained on."""
        return [record for record in self.records if not _is_video(record)]

    @property
    def is_driven(self) -> bool:
        """Whether a living process works on it."""
        return any(driver.is_alive for driver in self.drivers)

    @property
    def counts(self) -> Mapping[Condition, int]:
        """Videos by condition."""
        return Counter(video.condition for video in self.videos)

    @property
    def is_well(self) -> bool:
        """Whether nothing failed, nothing is stale, and nothing that is pending was given up."""
        found = {record.condition for record in self.records}
        bad = found & {"failed", "stale"}
        return not bad and (self.is_driven or "pending" not in found)


def run_status(store: ArtifactStore, run_id: str) -> RunStatus:
    """Read every record of a run and derive its state.

    Raises:
        MissingArtifactError: there is no such run; the message names similar ones.
        CorruptArtifactError, NewerSchemaError: a record cannot be read.
    """
    ledger = RunLedger(store, run_id)
    info = ledger.info()
    # Read drivers before and after, so that a driver that ends or begins meanwhile does not look
    # dead.
    before = drivers(store, run_id)
    records = {record.video: record for record in ledger.records()}
    found = drivers(store, run_id)
    alive = {driver.token for driver in (*before, *found) if driver.is_alive}
    names = sorted({*records, *info.videos})
    every = [
        _video(store, records[name], records[name].driver in alive)
        if name in records
        else VideoStatus(name, "pending", 0, {})
        for name in names
    ]
    return RunStatus(info, found, every)


def _is_video(status: VideoStatus) -> bool:
    return RecordName.parse(status.video).role == "video"


def _video(store: ArtifactStore, record: VideoRecord, is_driven: bool) -> VideoStatus:
    stages = {
        name: _stage(store, stage, is_driven or record.state in ("done", "failed"))
        for name, stage in record.stages.items()
    }
    condition: Condition = record.state
    never_started = bool(stages) and all(s.condition == "pending" for s in stages.values())
    if record.state in ("pending", "running") and not is_driven and not never_started:
        condition = "stale"
    return VideoStatus(record.video, condition, record.attempt, stages)


def _stage(store: ArtifactStore, stage: StageRecord, is_driven: bool) -> StageStatus:
    text = stage.error or stage.note
    if stage.state != "running":
        condition: Condition = "reused" if stage.reused else stage.state
        return StageStatus(condition, stage.seconds, stage.worker, None, text)
    if not is_driven:
        return StageStatus("stale", 0.0, "", None, "its process is gone; run again")
    owner = store.lease_owner(*stage.artifacts[-1]) if stage.artifacts else None
    if owner is None:
        return StageStatus("waiting", 0.0, "", None, text)
    condition = "running" if owner.is_alive else "stale"
    return StageStatus(condition, 0.0, f"{owner.host} {owner.pid}", owner.silent, text)
