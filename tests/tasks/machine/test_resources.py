"""Workers as cores, memory and GPUs allow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.machine.resources import (
    MACHINE_DEVICES,
    UNIT_THREADS,
    Machine,
    machine_devices,
    plan_workers,
    split_devices,
    this_machine,
)

GIB = 2**30


def test_without_gpu_every_worker_takes_both_kinds() -> None:
    plans = plan_workers(Machine(cores=2, memory=24 * GIB))
    assert [plan.resources for plan in plans] == [{"GPU": 1, "CPU": 1}] * 2
    assert {plan.environment[UNIT_THREADS] for plan in plans} == {"1"}


def test_little_memory_means_fewer_workers_with_more_threads() -> None:
    plans = plan_workers(Machine(cores=8, memory=9 * GIB))
    assert len(plans) == 2
    assert plans[0].environment[UNIT_THREADS] == "4"


def test_one_worker_per_gpu_that_sees_that_device_alone() -> None:
    plans = plan_workers(Machine(cores=16, memory=128 * GIB, gpus=("2", "5")))
    gpu = [plan for plan in plans if "GPU" in plan.resources]
    assert [plan.environment["CUDA_VISIBLE_DEVICES"] for plan in gpu] == ["2", "5"]
    assert {plan.environment[MACHINE_DEVICES] for plan in gpu} == {"2,5"}
    cpu = [plan for plan in plans if "CPU" in plan.resources]
    assert cpu
    assert all(plan.environment["CUDA_VISIBLE_DEVICES"] == "" for plan in cpu)


@given(
    cores=st.integers(1, 256),
    memory=st.integers(0, 2**41),
    gpus=st.integers(0, 16),
    workers=st.none() | st.integers(1, 64),
)
def test_every_plan_can_run_every_unit(
    cores: int, memory: int, gpus: int, workers: int | None
) -> None:
    machine = Machine(cores, memory, tuple(map(str, range(gpus))))
    plans = plan_workers(machine, workers)
    assert {kind for plan in plans for kind in plan.resources} == {"GPU", "CPU"}
    assert len({plan.name for plan in plans}) == len(plans)
    assert all(int(plan.environment[UNIT_THREADS]) >= 1 for plan in plans)
    if workers is not None:
        most = gpus or workers
        assert sum("GPU" in plan.resources for plan in plans) == min(workers, most)


@pytest.mark.parametrize(
    ("visible", "devices"),
    [("", ()), ("0,1", ("0", "1")), ("-1", ()), ("2,-1,3", ("2",)), ("GPU-a, 1", ("GPU-a", "1"))],
)
def test_visible_devices(visible: str, devices: tuple[str, ...]) -> None:
    assert split_devices(visible) == devices


def test_this_machine_respects_cuda_visible_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    assert this_machine().gpus == ("3",)
    assert this_machine().cores >= 1


def test_devices_of_the_machine_where_a_worker_sees_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5")
    monkeypatch.delenv(MACHINE_DEVICES, raising=False)
    assert machine_devices() == ("5",)
    monkeypatch.setenv(MACHINE_DEVICES, "2,5")
    assert machine_devices() == ("2", "5")
