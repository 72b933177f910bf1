"""The cost of orchestration, measured with networks that take almost no time.

Videos of three objects go through the real pipeline: Prefect flow, bridge, Dask, ledger and store.
Only the units are replaced (benchmarks/stand_in.py): each takes 10 ms. Reported are milliseconds
per unit beside them, memory while the run goes on; with --scaling what a second worker
gains on CPU-bound work, beside what a second plain process does:

    python benchmarks/orchestration.py [--videos 1000] [--workers 2] [--scaling] [--profile]
"""

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
from cpu_profile import cpu_profile
from stand_in import FRAMES, OBJECTS, work

from flows.server.environment import prepare_environment

ROOT = Path(__file__).resolve().parents[1]
UNITS_PER_VIDEO = 4 + len(OBJECTS)
"""ingest, flow, segment, evaluate, and a finetuning per object."""
PARENT = "parent"


class Meter:
    """Counts units as they end, and notes the memory of processes at every tenth of them."""

    def __init__(self, total: int, processes: dict[str, psutil.Process]) -> None:
        self._step = max(1, total // 10)
        self._processes = processes
        self._lock = threading.Lock()
        self._cpu: dict[str, float] = {}
        self.units = 0
        self.first = self.last = 0.0

    def begin(self) -> None:
        """A unit is handed over."""
        with self._lock:
            if not self.first:
                self.first = time.perf_counter()
                self._cpu = self._seconds()

    def end(self) -> None:
        """A unit has come back."""
        with self._lock:
            self.last = time.perf_counter()
            self.units += 1
            if self.units % self._step == 0:
                print(f"{self.units:8d} units {self.last - self.first:7.1f} s", *self._memory())

    def report_cpu(self) -> None:
        """CPU time per unit of every process, since the first unit began."""
        spent = {name: s - self._cpu.get(name, 0.0) for name, s in self._seconds().items()}
        shares = ", ".join(f"{name} {s / self.units * 1e3:.2f}" for name, s in spent.items())
        total = sum(spent.values()) / self.units * 1e3
        print(f"CPU time per unit: {total:.2f} ms ({shares})")

    def _memory(self) -> list[str]:
        return [f"{n} {p.memory_info().rss / 2**20:.0f} MiB" for n, p in self._all().items()]

    def _seconds(self) -> dict[str, float]:
        times = {name: process.cpu_times() for name, process in self._all().items()}
        return {name: spent.user + spent.system for name, spent in times.items()}

    def _all(self) -> dict[str, psutil.Process]:
        for child in psutil.Process().children():
            if "uvicorn" in child.cmdline():
                self._processes["Prefect server"] = child
        return self._processes


@contextmanager
def cluster(
    workers: int, environment: dict[str, str]
) -> Iterator[tuple[str, dict[str, psutil.Process]]]:
    """A scheduler and workers as docs/clusters.md starts them, with the stand-in preloaded."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        file = Path(folder) / "scheduler.json"
        dask = [sys.executable, "-m", "dask"]
        serve = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        scheduler = _start(stack, [*dask, *serve, "--scheduler-file", str(file)], environment)
        while not file.exists():
            time.sleep(0.1)
        join = ["worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-dashboard"]
        offer = ["--resources", "GPU=1 CPU=1", "--preload", "stand_in", "--no-nanny"]
        processes = {"driver": psutil.Process(), "scheduler": psutil.Process(scheduler.pid)}
        for number in range(workers):
            command = [*dask, *join, *offer, "--local-directory", folder]
            process = _start(stack, command, environment)
            processes[f"worker {number}"] = psutil.Process(process.pid)
        from distributed import Client

        with Client(scheduler_file=str(file), set_as_default=False) as client:  # type: ignore[no-untyped-call]
            client.wait_for_workers(workers, timeout=60)
            address = str(client.scheduler.address)
        yield address, processes


def _start(
    stack: ExitStack, command: Sequence[str], environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "benchmarks")])
    process = subprocess.Popen(
        command,
        env={
            **os.environ,
            "PYTHONPATH": paths,
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
            "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "false",
            "DASK_LOGGING__DISTRIBUTED": "critical",
            **environment,
        },
    )
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return process


def run(
    videos: int, workers: int, environment: dict[str, str], profile: bool = False
) -> tuple[Meter, float]:
    """One benchmark up to its evaluation; returns the meter, and the seconds of the whole flow."""
    from flows.plan.parameters import BenchmarkParameters
    from flows.runs.driver import benchmark
    from storage.kinds.checkpoints import PARENTS
    from storage.store.artifacts import ArtifactStore
    from tasks.dask_bridge import Bridge

    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        address, processes = stack.enter_context(cluster(workers, environment))
        meter = Meter(videos * UNITS_PER_VIDEO, processes)
        original = Bridge.run

        def counted(self: Bridge, *args: Any, **kwargs: Any) -> Any:
            meter.begin()
            try:
                return original(self, *args, **kwargs)
            finally:
                meter.end()

        Bridge.run = counted  # type: ignore[method-assign]
        stack.callback(setattr, Bridge, "run", original)
        with ArtifactStore(folder).create(PARENTS, PARENT):
            pass
        parameters = BenchmarkParameters(
            force=True,  # stand-ins write almost nothing
            store=folder,
            parent=PARENT,
            compare=(),
            until="evaluate",
            dask_address=address,
            overrides={
                "synthetic.size": "[32, 32]",
                "synthetic.videos_val": str(videos),
                "synthetic.frames_val": str(FRAMES),
                "synthetic.object_counts": f"[{len(OBJECTS)}]",
            },
        )
        if profile:
            stack.enter_context(cpu_profile())
        started = time.perf_counter()
        state = benchmark(parameters, return_state=True)
        seconds = time.perf_counter() - started
        if not state.is_completed():
            raise RuntimeError(state.message)
        meter.report_cpu()
    return meter, seconds


def measure_overhead(videos: int, workers: int, stand_in: float, profile: bool) -> None:
    """Wall time of all slots beyond the stand-in's, per unit."""
    environment = {"MASKRNN_STAND_IN_SECONDS": str(stand_in)}
    meter, seconds = run(videos, workers, environment, profile)
    wall = meter.last - meter.first
    beside = wall * workers / meter.units - stand_in
    print(
        f"{videos} videos, {meter.units} units on {workers} workers: {wall:.1f} s from the first "
        f"to the last, {seconds:.1f} s in all; {meter.units / wall:.0f} units per second, "
        f"{beside * 1e3:.1f} ms of orchestration per unit"
    )


def measure_scaling(videos: int, unit_seconds: float) -> None:
    """Throughput of two workers over one on CPU-bound units, and of two plain processes."""
    started = time.perf_counter()
    work(2_000_000)
    loops = int(2_000_000 * unit_seconds / (time.perf_counter() - started))
    environment = {"MASKRNN_STAND_IN_LOOPS": str(loops)}
    gains = {}
    for _ in range(2):
        walls = {}
        for workers in (1, 2):
            meter, _ = run(videos, workers, environment)
            walls[workers] = meter.last - meter.first
        plain = {n: _plain_processes(n, loops, videos * UNITS_PER_VIDEO) for n in (1, 2)}
        gains = {"workers": walls[1] / walls[2], "plain processes": plain[1] / plain[2]}
        print(*(f"two {name}: {gain:.2f} times one;" for name, gain in gains.items()))


def _plain_processes(count: int, loops: int, units: int) -> float:
    started = time.perf_counter()
    shares = [loops * (units // count)] * count
    processes = [multiprocessing.Process(target=work, args=(share,)) for share in shares]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--milliseconds", type=float, default=10.0, help="of the stand-in")
    parser.add_argument("--scaling", action="store_true", help="one worker against two")
    parser.add_argument("--profile", action="store_true", help="where the driver's threads are")
    options = parser.parse_args()
    prepare_environment(debug=False)
    with tempfile.TemporaryDirectory() as home:
        os.environ.setdefault("PREFECT_HOME", home)
        seconds = options.milliseconds / 1e3
        if options.scaling:
            measure_scaling(options.videos, seconds)
        else:
            measure_overhead(options.videos, options.workers, seconds, options.profile)


if __name__ == "__main__":
    main()
