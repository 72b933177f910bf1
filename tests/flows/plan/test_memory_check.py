"""A run that needs too much memory is refused; the error says what is missing and what to do."""

from dataclasses import replace
from pathlib import Path

import pytest

from flows.plan import memory_check
from flows.plan.machine_check import check_machine
from flows.plan.parameters import BenchmarkParameters
from flows.plan.resolved_run import ResolvedRun, resolve
from flows.plan.run_plan import RunPlan
from tasks.errors import ParameterError
from tasks.machine.resources import Machine
from tasks.plan.outcome import Outcome

MACHINE = Machine(cores=4, memory=64 * 2**30)


def parameters(store: Path, **others: object) -> BenchmarkParameters:
    size = {"synthetic.size": "[480, 856]", "synthetic.frames_val": "2"}
    return BenchmarkParameters(
        store=str(store),
        preset="paper",
        compare=(),
        overrides=size,
        **others,  # type: ignore[arg-type]
    )


def on(machine: Machine, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(memory_check, "this_machine", lambda: machine)


def changed(run: ResolvedRun, **others: object) -> ResolvedRun:
    """The same videos, already drawn, for a run with other limits."""
    return replace(run, parameters=run.parameters.model_copy(update=others))


def test_more_than_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on(MACHINE, monkeypatch)
    run = resolve(parameters(tmp_path))
    check_machine(run)
    on(replace(MACHINE, memory=2 * 2**30), monkeypatch)
    message = r"train by paper needs about \d+\.\d GB of memory .* 480x\d+.* has 2\.1 GB.*--force"
    with pytest.raises(ParameterError, match=message):
        check_machine(run)
    check_machine(changed(run, force=True))
    check_machine(changed(run, dask_address="tcp://127.0.0.1:1"))
    check_machine(changed(run, until="ingest"))
    on(replace(MACHINE, memory=2 * 2**30, gpus=("0",)), monkeypatch)
    check_machine(run)


def test_too_many_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on(replace(MACHINE, memory=11 * 2**30), monkeypatch)
    run = resolve(parameters(tmp_path))
    check_machine(changed(run, workers=2))
    with pytest.raises(ParameterError, match=r"finetune by paper .*, 4 of them .* --workers 2,"):
        check_machine(changed(run, workers=4))


def test_what_is_there_already_needs_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on(replace(MACHINE, memory=2**30), monkeypatch)
    tiny = {"synthetic.size": "[48, 64]", "network.width": "0.125", "network.fc_width": "16"}
    asked = BenchmarkParameters(store=str(tmp_path), compare=(), overrides=tiny)
    run = changed(resolve(asked), workers=2)
    with pytest.raises(ParameterError, match="needs about"):
        check_machine(run)
    monkeypatch.setattr(memory_check, "plan_run", lambda *_: RunPlan([], Outcome()))
    check_machine(run)


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("prefect_server")
def test_a_flow_run_is_refused_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.runs.driver import benchmark

    on(replace(MACHINE, memory=2 * 2**30), monkeypatch)
    state = benchmark(parameters(tmp_path), return_state=True)
    assert state.is_failed()
    assert "needs about" in (state.message or "")
    assert list(tmp_path.iterdir()) == []
