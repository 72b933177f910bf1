"""Progress of a run in Prefect, while it is running."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import prefect.artifacts
import pytest
from prefect.artifacts import ProgressArtifact

from storage.runs.ledger import StageRecord, VideoRecord
from tasks.retries import server_outage
from tasks.run.progress_artifacts import UnitCount, shown_progress
from tasks.run.unit_counts import unit_counts

DONE, REUSED = StageRecord("done"), StageRecord("done", reused=True)
RUNNING, FAILED = StageRecord("running"), StageRecord("failed", error="broken")


class Server:
    """Stands in for Prefect's server: keeps what is created and updated."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers = True
        self.shown: dict[UUID, tuple[str, float, str]] = {}
        self.requests = 0
        run = uuid4()
        monkeypatch.setattr(server_outage, "_flow_run", lambda: run)
        monkeypatch.setattr(ProgressArtifact, "acreate", lambda artifact: self._create(artifact))
        monkeypatch.setattr(prefect.artifacts, "aupdate_progress_artifact", self._update)

    async def _create(self, artifact: ProgressArtifact) -> Any:
        self._ask()
        identifier = uuid4()
        told = str(artifact.key), artifact.progress, str(artifact.description)
        self.shown[identifier] = told
        return artifact.model_copy(update={"id": identifier})

    async def _update(self, identifier: UUID, percent: float, description: str) -> None:
        self._ask()
        self.shown[identifier] = self.shown[identifier][0], percent, description

    def _ask(self) -> None:
        self.requests += 1
        if not self.answers:
            raise httpx.ConnectError("refused")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(monkeypatch)


def test_every_stage_has_one_artifact_that_ends_with_the_last_numbers(server: Server) -> None:
    counts = {"flow": UnitCount(0, 0, 4)}
    with shown_progress(lambda: dict(counts), seconds=0.001):
        while not server.shown:
            pass
        counts |= {"flow": UnitCount(3, 1, 4, reused=2), "train": UnitCount(0, 0, 1)}
    assert sorted(server.shown.values()) == [
        ("progress-flow", 100.0, "flow: 3 of 4 units done, 2 of them reused, 1 failed"),
        ("progress-train", 0.0, "train: 0 of 1 units done"),
    ]


def test_the_server_is_asked_only_if_numbers_have_changed(server: Server) -> None:
    with shown_progress(lambda: {"flow": UnitCount(1, 0, 4)}, seconds=0.001):
        while not server.shown:
            pass
    assert server.requests == 1


def test_a_server_that_is_gone_costs_one_warning(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers = False
    with shown_progress(lambda: {"flow": UnitCount(1, 0, 4)}, seconds=0.001):
        while not server.requests:
            pass
    assert server.requests == 1
    assert sum("continues without it" in message for message in caplog.messages) == 1


def test_outside_of_a_flow_run_nothing_is_counted() -> None:
    def count() -> dict[str, UnitCount]:
        raise AssertionError

    with shown_progress(count, seconds=0.001):
        pass


def test_units_are_counted_per_stage_and_those_of_training_videos_together() -> None:
    records = {
        "bear": VideoRecord(
            "bear",
            stages={
                "ingest": DONE,
                "flow": REUSED,
                "finetune small/1": DONE,
                "finetune small/2": RUNNING,
            },
        ),
        "camel": VideoRecord("camel", stages={"ingest": FAILED}),
        "train/surf": VideoRecord("train/surf", stages={"ingest": DONE, "flow": RUNNING}),
        "parent/small": VideoRecord("parent/small", stages={"train": RUNNING}),
    }
    found = unit_counts(records, {"ingest": 3, "flow": 3, "train": 1, "finetune": 3, "segment": 6})
    assert found == {
        "training-videos": UnitCount(1, 0, 2),
        "ingest": UnitCount(1, 1, 3),
        "flow": UnitCount(1, 0, 3, reused=1),
        "train": UnitCount(0, 0, 1),
        "finetune": UnitCount(1, 0, 4),  # two objects of bear, at least one of both others
        "segment": UnitCount(0, 0, 6),
    }
