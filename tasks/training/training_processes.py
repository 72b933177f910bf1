"""Runs one training in several processes, each with a CUDA device or a part of the cores.

Dask's workers may not start children by `multiprocessing`, so each process runs this module and
reads its job from standard input.
"""

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import TypeAdapter

from storage.files.local_files import replace_whole
from tasks.dask_bridge.unit_run import UnitFailure, run_unit
from tasks.errors import ParameterError, TrainingProcessError
from tasks.machine.resources import machine_devices
from tasks.training.process_log import log_again, write_lines
from tasks.training.training_run import TrainingJob, TrainingRun, train_job

_LOOK = 0.1
"""Seconds between two checks of the processes."""
_LOST_OTHERS = ("RuntimeError", "DistBackendError", "DistNetworkError")
_LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"


@dataclass(frozen=True)
class _Rank:
    """One process of a training."""

    rank: int
    count: int
    folder: str
    """Folder on this machine where the processes meet and leave their outcome."""
    job: TrainingJob


@dataclass(frozen=True)
class _Outcome:
    """What a process leaves: a result or an error."""

    run: TrainingRun | None = None
    failure: UnitFailure | None = None


def train_in_processes(job: TrainingJob) -> TrainingRun:
    """Train in `job.compute.processes` processes; the first one writes the checkpoint.

    Raises:
        ParameterError: there are more processes than CUDA devices.
        TrainingProcessError: a process failed, with its own message; the others are stopped.
    """
    count = job.compute.processes
    devices = machine_devices() if job.compute.device != "cpu" else ()
    if devices and len(devices) < count:
        raise ParameterError(
            f"compute.processes={count}, but this machine has {len(devices)} CUDA devices; use no "
            "more processes than devices, or set compute.device=cpu"
        )
    with TemporaryDirectory(prefix="maskrnn-training-") as folder:
        processes = [
            _start(_Rank(rank, count, folder, job), devices[rank] if devices else "")
            for rank in range(count)
        ]
        # The first process tells how far they are.
        listener = threading.Thread(target=log_again, args=(processes[0].stdout,), daemon=True)
        listener.start()
        try:
            while any(process.poll() is None for process in processes):
                if any(process.returncode for process in processes):
                    break
                time.sleep(_LOOK)
        finally:
            for process in processes:
                process.kill()
                process.wait()
                if process.stdin is not None:
                    process.stdin.close()
            listener.join()
        outcomes = [_outcome(Path(folder), rank) for rank in range(count)]
    if all(outcome.run is not None for outcome in outcomes) and outcomes[0].run is not None:
        return outcomes[0].run
    raise _failure([outcome.failure for outcome in outcomes if outcome.failure is not None])


def _start(rank: _Rank, device: str) -> "subprocess.Popen[bytes]":
    environment = {
        "GLOO_SOCKET_IFNAME": _LOOPBACK,
        "NCCL_SOCKET_IFNAME": _LOOPBACK,
        **os.environ,
        "CUDA_VISIBLE_DEVICES": device,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tasks.training.training_processes"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if rank.rank == 0 else None,
        env=environment,
    )
    if process.stdin is not None:  # it stays open: when it closes, the process ends
        process.stdin.write(TypeAdapter(_Rank).dump_json(rank) + b"\n")
        process.stdin.flush()
    return process


def _outcome(folder: Path, rank: int) -> _Outcome:
    try:
        data = (folder / f"{rank}.outcome").read_bytes()
    except FileNotFoundError:  # the process was stopped before it had an outcome
        return _Outcome()
    return TypeAdapter(_Outcome).validate_json(data)


def _failure(failures: list[UnitFailure]) -> TrainingProcessError:
    """Return the failure that is the cause: processes that lost the others raise RuntimeError."""
    failures = sorted(failures, key=lambda failure: failure.kind in _LOST_OTHERS)
    if not failures:
        return TrainingProcessError(
            "a process of the training was killed or ran out of memory; run again to continue "
            "from its saved state"
        )
    return TrainingProcessError(failures[0].message)


def _train(rank: _Rank) -> TrainingRun:
    from maskrnn_core.compute import resolve_compute
    from maskrnn_core.training.distributed import joined_peers

    device = resolve_compute(rank.job.compute).device
    address = (Path(rank.folder) / "meeting").as_uri()
    with joined_peers(rank.rank, rank.count, device, address) as peers:
        return train_job(rank.job, peers)


def _end_with_parent() -> None:
    """End this process when its parent dies, because no process waits for the training then."""
    sys.stdin.buffer.read()
    os._exit(1)


def main() -> None:
    """Read a job from standard input; leave its outcome in the job's folder."""
    rank = TypeAdapter(_Rank).validate_json(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if rank.rank == 0:
        write_lines()
    ended = run_unit(_train, (rank,), f"rank {rank.rank}")
    failed = isinstance(ended, UnitFailure)
    outcome = _Outcome(failure=ended) if isinstance(ended, UnitFailure) else _Outcome(ended.value)
    path = f"{rank.folder}/{rank.rank}.outcome"
    replace_whole(path, TypeAdapter(_Outcome).dump_json(outcome), rank.folder, durable=False)
    # Exit at once, so that pending messages to other processes cannot block this one.
    os._exit(int(failed))


if __name__ == "__main__":
    main()
