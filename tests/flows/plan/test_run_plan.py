"""The dry plan of a run and what the run then does are the same."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from flows.commands.execution import execute
from flows.plan.parameters import BenchmarkParameters
from flows.plan.resolved_run import resolve
from flows.plan.run_plan import RunPlan, plan_run
from flows.runs.rerun import fates
from storage.runs.ledger import RunLedger, StageRecord
from storage.runs.names import STAGE_KINDS
from storage.store.artifacts import ArtifactStore
from tasks.run.weights_policy import DROPPED
from tests.flows.tiny import OVERRIDES
from tests.tasks.inline import InlineBridge

pytestmark = [pytest.mark.timeout(600), pytest.mark.usefixtures("prefect_server")]

Stages = dict[tuple[str, str], StageRecord]


@pytest.fixture(autouse=True)
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Units run in this process."""
    monkeypatch.setattr("flows.runs.whole_run.Bridge", lambda *_, **__: InlineBridge())


def plan_then_run(store: Path, **others: Any) -> tuple[RunPlan, Stages]:
    """The dry plan of a run, and then its records by record and stage, in order."""
    fields: dict[str, Any] = {"store": str(store), "overrides": OVERRIDES, **others}
    asked = BenchmarkParameters(**{"preset": "small", "compare": ("propagate",), **fields})
    asked = asked.model_copy(update={"run_id": f"{asked.until}-{asked.keep_weights}"})
    plan = plan_run(resolve(asked), ArtifactStore(str(store)))
    assert execute(asked.model_dump()) == 0
    records = RunLedger(ArtifactStore(str(store)), asked.run_name).records()
    return plan, {(r.video, name): stage for r in records for name, stage in r.stages.items()}


def unnumbered(names: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Stages by record in order, those of several objects as one: they run side by side."""
    found: dict[str, list[str]] = {}
    for record, stage in names:
        stages = found.setdefault(record, [])
        if (name := stage.partition("/")[0]) not in stages:
            stages.append(name)
    return found


def check(plan: RunPlan, recorded: Stages) -> None:
    planned = ((str(stage.record), str(stage.stage)) for stage in plan.stages)
    assert unnumbered(planned) == unnumbered(recorded)
    for stage in plan.stages:
        if stage.key is None:
            assert stage.fate == "unknown"
            continue
        done = recorded[str(stage.record), str(stage.stage)]
        if stage.fate == "not needed":
            assert (done.artifacts, done.note) == ((), DROPPED)
        else:
            assert done.artifacts == ((stage.kind, stage.key),)
            assert done.reused == (stage.fate == "reused")


@pytest.mark.parametrize("until", ["ingest", "flow"])
def test_a_part_of_a_run_in_an_empty_store(tmp_path: Path, until: str) -> None:
    check(*plan_then_run(tmp_path, until=until))


def test_what_is_planned_is_what_is_done_part_by_part(tmp_path: Path) -> None:
    for until in ("train", "flow", "evaluate"):
        plan, recorded = plan_then_run(tmp_path, until=until)
        check(plan, recorded)
    # Now all that a run depends on is known, and the plan told each key and its fate.
    assert {stage.fate for stage in plan.stages} == {"reused", "computed"}
    assert {(str(s.record), str(s.stage)) for s in plan.stages} == set(recorded)
    assert tuple(fates(plan.stages)) == STAGE_KINDS


def test_dropped_weights_are_planned_as_not_needed(tmp_path: Path) -> None:
    alone: dict[str, Any] = {"until": "segment", "compare": (), "videos": ("val-000",)}
    plan_then_run(tmp_path, **alone, keep_weights="none")
    plan, recorded = plan_then_run(tmp_path, **alone)
    check(plan, recorded)
    assert {stage.fate for stage in plan.stages} == {"reused", "not needed"}
    assert [result.video.name for result in plan.outcome.results] == ["val-000"]
