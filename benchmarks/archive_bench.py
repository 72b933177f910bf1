"""An archive of cuts of one tiny video, and runs of it in processes that can be killed."""

import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd
import psutil
from orchestration import PARENT, cluster
from PIL import Image

from flows.server.environment import prepare_environment

_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Figures:
    """What a driver tells of its run.

    Args:
        planning: seconds from the manifest's first byte to the first slice.
        rows: seconds from the first slice to the last result.
        whole: seconds of the flow.
        peak: resident bytes of the driver at most.
        worked_on: rows that were left to do.
        cpu: CPU seconds by process, while rows were worked on.
    """

    planning: float
    rows: float
    whole: float
    peak: int
    worked_on: int
    cpu: dict[str, float]


def write_archive(folder: Path, videos: int) -> Path:
    """A manifest of cuts of one tiny video: every row has a key of its own."""
    video, mask = folder / "video.mp4", folder / "mask.png"
    with av.open(str(video), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for level in (0, 128):
            picture = np.full((32, 32, 3), level, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    Image.fromarray(np.eye(32, dtype=np.uint8)).save(mask)
    manifest = folder / "manifest.csv"
    table = pd.DataFrame({"video": video.name, "mask": mask.name, "start": np.arange(videos) / 1e3})
    table.assign(id=[f"clip-{number:06d}" for number in range(videos)]).to_csv(
        manifest, index=False
    )
    return manifest


def drive(manifest: str, store: str, address: str, processes: dict[str, int], out: str) -> None:
    """One run of the flow, in a process of its own; its figures as JSON in the file `out`."""
    prepare_environment(debug=False)
    from flows.plan.archive_parameters import ArchiveParameters
    from flows.runs.archive import archive
    from tasks.archive.dispatch import Dispatcher

    watched = {name: psutil.Process(pid) for name, pid in processes.items()}
    watched["driver"] = psutil.Process()
    spans: dict[str, Any] = {"first": 0.0, "last": 0.0, "cpu": {}, "rows": 0}
    original = Dispatcher.run

    def timed(self: Dispatcher, opened: Callable[[], None]) -> None:
        before = _cpu_seconds(watched)
        spans["rows"] = self._rows._count
        spans["first"] = time.perf_counter()
        original(self, opened)
        spans["last"] = time.perf_counter()
        spans["cpu"] = {name: s - before[name] for name, s in _cpu_seconds(watched).items()}

    Dispatcher.run = timed  # type: ignore[method-assign]
    began = time.perf_counter()
    parameters = ArchiveParameters(
        manifest=manifest, store=store, parent=PARENT, dask_address=address, run_id="archive"
    )
    state = archive(parameters, return_state=True)
    if not state.is_completed():
        raise RuntimeError(state.message)
    figures = Figures(
        planning=(spans["first"] or time.perf_counter()) - began,
        rows=spans["last"] - spans["first"],
        whole=time.perf_counter() - began,
        peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        worked_on=spans["rows"],
        cpu=spans["cpu"],
    )
    Path(out).write_text(json.dumps(asdict(figures)))


def _cpu_seconds(processes: dict[str, psutil.Process]) -> dict[str, float]:
    times = {name: process.cpu_times() for name, process in processes.items()}
    return {name: spent.user + spent.system for name, spent in times.items()}


class Bench:
    """A store, a Prefect server and a cluster with the stand-in, for one archive.

    Args:
        stack: ends it all.
        videos: rows of the archive.
        workers: of the cluster.
        seconds: that the stand-in waits.
    """

    def __init__(self, stack: ExitStack, videos: int, workers: int, seconds: float) -> None:
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.log = self.folder / "rows.log"
        self.store = str(self.folder / "store")
        self.manifest = str(write_archive(self.folder, videos))
        environment = {
            "MASKRNN_STAND_IN_SECONDS": str(seconds),
            "MASKRNN_STAND_IN_LOG": str(self.log),
        }
        server = stack.enter_context(prefect_server(self.folder / "prefect"))
        self.address, found = stack.enter_context(cluster(workers, environment))
        self.processes = {name: process.pid for name, process in found.items() if name != "driver"}
        self.processes["Prefect server"] = server
        from storage.kinds.checkpoints import PARENTS
        from storage.store.artifacts import ArtifactStore

        with ArtifactStore(self.store).create(PARENTS, PARENT):
            pass

    def start(self) -> tuple["multiprocessing.process.BaseProcess", Path]:
        """A driver, and the file in which it leaves its figures."""
        out = self.folder / "figures.json"
        out.unlink(missing_ok=True)
        args = (self.manifest, self.store, self.address, self.processes, str(out))
        process = _SPAWN.Process(target=drive, args=args)
        process.start()
        return process, out

    def run(self) -> Figures:
        """One run from beginning to end."""
        process, out = self.start()
        process.join()
        return Figures(**json.loads(out.read_text()))

    def times_made(self) -> Counter[str]:
        """How many times every row was worked on."""
        return Counter(self.log.read_text().split() if self.log.exists() else ())


@contextmanager
def prefect_server(home: Path) -> Iterator[int]:
    """A Prefect server that outlives killed drivers; yields its process id."""
    from tests.processes import free_port, stop

    port = free_port()
    os.environ["PREFECT_HOME"] = str(home)
    os.environ["PREFECT_API_URL"] = url = f"http://127.0.0.1:{port}/api"
    serve = ["-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        [sys.executable, *serve], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while True:
            try:
                urllib.request.urlopen(f"{url}/health", timeout=5).close()
                break
            except OSError:
                time.sleep(0.5)
        yield process.pid
    finally:
        stop(process)
