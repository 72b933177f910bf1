"""Decides how many worker processes a machine gets, and what each of them offers."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from storage.machine_limits import MACHINE, core_limit, memory_limit

Resource = Literal["GPU", "CPU"]

UNIT_THREADS = "MASKRNN_UNIT_THREADS"
"""Environment variable of a worker: the CPU threads of a unit that runs beside others."""

MACHINE_DEVICES = "MASKRNN_DEVICES"
"""Environment variable of a worker that sees one CUDA device: all devices of its machine."""

_GIB = 2**30
_MEMORY_PER_WORKER = 4 * _GIB
_MOST_WORKERS = 8


@dataclass(frozen=True)
class WorkerPlan:
    """One worker process with one thread: it runs one unit at a time.

    We use a process per slot, so that a unit that dies takes no other unit with it.
    """

    name: str
    resources: dict[Resource, float]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Machine:
    """What the workers share: CPU cores, bytes of memory, CUDA devices.

    Args:
        cores: number of cores; a fraction of one counts as one.
        memory: bytes.
        gpus: as CUDA_VISIBLE_DEVICES names them.
        memory_source: what limits the memory, the machine or a limit; see `machine_limits`.
    """

    cores: int
    memory: int
    gpus: tuple[str, ...] = ()
    memory_source: str = MACHINE


def this_machine() -> Machine:
    """Return the cores and the memory this process may use, and the CUDA devices it may see."""
    memory = memory_limit()
    cores = math.ceil(core_limit().amount)
    return Machine(cores, int(memory.amount), _visible_gpus(), memory.source)


def machine_devices() -> tuple[str, ...]:
    """Return the CUDA devices for a unit of several processes, even those hidden from this one."""
    known = os.environ.get(MACHINE_DEVICES)
    return _visible_gpus() if known is None else split_devices(known)


def plan_workers(machine: Machine, workers: int | None = None) -> list[WorkerPlan]:
    """Divide the machine among workers.

    With GPUs: one worker per device, which sees only that device, and more workers for CPU units.
    Without: workers that take both kinds, as many as cores and memory allow.

    Args:
        workers: overrides the number of workers that take GPU units; at most one per device.
    """
    if not machine.gpus:
        count = workers or _fit(machine)
        threads = max(1, machine.cores // count)
        return [
            WorkerPlan(f"worker-{i}", {"GPU": 1, "CPU": 1}, _environment(threads))
            for i in range(count)
        ]
    count = min(workers or len(machine.gpus), len(machine.gpus))
    spare = max(1, min(machine.cores - count, _fit(machine)))
    threads = max(1, machine.cores // (count + spare))
    gpu_workers = [
        WorkerPlan(
            f"gpu-{i}",
            {"GPU": 1},
            {**_environment(threads, device), MACHINE_DEVICES: ",".join(machine.gpus)},
        )
        for i, device in enumerate(machine.gpus[:count])
    ]
    return gpu_workers + [
        WorkerPlan(f"cpu-{i}", {"CPU": 1}, _environment(threads, "")) for i in range(spare)
    ]


def _fit(machine: Machine) -> int:
    return max(1, min(machine.cores, machine.memory // _MEMORY_PER_WORKER, _MOST_WORKERS))


def _environment(threads: int, devices: str | None = None) -> dict[str, str]:
    # Dask would set OMP_NUM_THREADS to 1, which is too little for training.
    environment = {UNIT_THREADS: str(threads), "OMP_NUM_THREADS": str(threads)}
    if devices is not None:
        environment["CUDA_VISIBLE_DEVICES"] = devices
    return environment


def _visible_gpus() -> tuple[str, ...]:
    """Return device names as CUDA_VISIBLE_DEVICES takes them, without loading CUDA here."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return split_devices(visible)
    nodes: Sequence[Path] = sorted(Path("/dev").glob("nvidia[0-9]*"))
    return tuple(str(index) for index in range(len(nodes)))


def split_devices(visible: str) -> tuple[str, ...]:
    """Split a CUDA_VISIBLE_DEVICES value; an entry of -1 ends the list, as in CUDA."""
    devices: list[str] = []
    for entry in visible.split(","):
        if not entry.strip() or entry.strip() == "-1":
            break
        devices.append(entry.strip())
    return tuple(devices)
