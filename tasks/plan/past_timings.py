"""Estimates how long units take, from the ledgers of former runs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from storage.errors import StorageError
from storage.runs.all_runs import list_runs
from storage.runs.ledger import RunInfo, RunLedger, VideoRecord
from storage.runs.names import StageKind, StageName
from storage.store.artifacts import ArtifactStore

_RECORDS = 2000
"""Most records that are read, those of the newest runs first."""

Unit = tuple[StageKind, str]
"""Kind of a unit and its preset; "" if all presets share it."""


@dataclass(frozen=True)
class PastTimings:
    """Seconds on a worker, by unit; of units that were computed and not reused."""

    seconds: Mapping[Unit, list[float]]

    def of(self, kind: StageKind, preset: str) -> float | None:
        """Return the median of this unit; of its kind if the preset is new; None if unknown."""
        known = self.seconds.get((kind, preset))
        if known is None:
            known = [s for unit, every in self.seconds.items() if unit[0] == kind for s in every]
        return median(known) if known else None

    def total(self, units: Mapping[Unit, int]) -> tuple[float, list[str]]:
        """Return the seconds of that many units of each sort, and the kinds without timings."""
        seconds, unknown = 0.0, []
        for (kind, preset), count in units.items():
            each = self.of(kind, preset)
            seconds += count * (each or 0.0)
            if each is None and count:
                unknown.append(kind)
        return seconds, list(dict.fromkeys(unknown))


def past_timings(store: ArtifactStore, *, archives: bool = False) -> PastTimings:
    """Read the timings of the runs in a store.

    Args:
        store: the store.
        archives: of archives, in which a unit is a whole row, or else of all other runs.
    """
    found: dict[Unit, list[float]] = {}
    read = 0
    for info in reversed(list_runs(store)):
        if info.is_archive != archives:
            continue
        for record in _records(store, info):
            if read == _RECORDS:
                return PastTimings(found)
            read += 1
            for title, stage in record.stages.items():
                if stage.state == "done" and not stage.reused and stage.seconds:
                    name = StageName.parse(title)
                    preset = record.video.partition("/")[2] if name.kind == "train" else name.preset
                    found.setdefault((name.kind, preset), []).append(stage.seconds)
    return PastTimings(found)


def _records(store: ArtifactStore, info: RunInfo) -> Iterable[VideoRecord]:
    """The records of a run one at a time; those that cannot be read are left out."""
    ledger = RunLedger(store, info.run_id)
    for video in ledger.videos():
        try:
            record = ledger.read(video)
        except StorageError:
            continue
        if record is not None:
            yield record
