"""Counts the units of a run per stage, from its records."""

from collections.abc import Mapping

from storage.runs.ledger import StageRecord, VideoRecord
from storage.runs.names import STAGE_KINDS, RecordName, StageKind, StageName
from tasks.run.progress_artifacts import UnitCount

TRAINING = "training-videos"
"""What ingest and optical flow of videos to train on are counted as."""


def unit_counts(
    records: Mapping[str, VideoRecord], expected: Mapping[StageKind, int]
) -> dict[str, UnitCount]:
    """Return the units per stage, in the order of stages; those of training videos together.

    Args:
        records: of the run so far, by name.
        expected: least number of units per kind of stage: one per video, and per preset where the
            stage belongs to one. A video has more units of a kind if it has several objects, which
            is known when its turn comes.
    """
    stages: dict[str, list[StageRecord]] = {kind: [] for kind in STAGE_KINDS}
    begun: dict[str, set[tuple[str, str]]] = {kind: set() for kind in STAGE_KINDS}
    training: list[StageRecord] = []
    for name, record in records.items():
        for title, stage in record.stages.items():
            if RecordName.parse(name).role == "train":
                training.append(stage)
            else:
                known = StageName.parse(title)
                stages[known.kind].append(stage)
                begun[known.kind].add((name, known.preset))
    found = {TRAINING: _counted(training, len(training))} if training else {}
    for kind in STAGE_KINDS:
        coming = max(0, expected.get(kind, 0) - len(begun[kind]))
        if total := len(stages[kind]) + coming:
            found[kind] = _counted(stages[kind], total)
    return found


def _counted(stages: list[StageRecord], total: int) -> UnitCount:
    done = [stage for stage in stages if stage.state == "done"]
    failed = sum(stage.state == "failed" for stage in stages)
    return UnitCount(len(done), failed, total, sum(stage.reused for stage in done))
