"""Seconds, CPU seconds and memory of commands that have little to do, all processes together.

    python benchmarks/light_processes.py [--frames 10 --size 128x224 --repeat 3]

Draws a clip with one object, segments it by `propagate` in a new store, and runs the commands that
only print or read. Then two workers segment two generated videos. Every row is the fastest of the
repetitions. Memory is the largest sum over all processes that live at the same time, and that of
the largest single process; pages that processes share count in each.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import psutil
from PIL import Image

from maskrnn_core.synthetic import SyntheticOptions, SyntheticVideo, synthetic_videos

ROOT = Path(__file__).resolve().parents[1]
RATE = 10
LOOK_SECONDS = 0.02
"""Between two readings of the processes' memory."""

GENERATED = ["--dataset", "synthetic", "--preset", "propagate", "--workers", "2"]
SMALL = ["synthetic.videos_val=2", "synthetic.frames_val=10", "synthetic.size=[128,224]"]


@dataclass(frozen=True)
class Cost:
    """Cost of one command; memory in bytes."""

    seconds: float
    cpu_seconds: float
    memory: int
    largest: int
    processes: int


def measure(command: Sequence[str], folder: Path) -> Cost:
    """Run `maskrnn` with these arguments and measure it.

    Raises:
        SystemExit: the command failed; its output is the message.
    """
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    output = folder / "output.txt"
    with output.open("wb") as file:
        process = psutil.Popen(
            [sys.executable, "-m", "flows.cli", *command],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        memory = largest = count = 0
        while process.poll() is None:
            sizes = _sizes(process)
            memory, largest = max(memory, sum(sizes)), max([largest, *sizes])
            count = max(count, len(sizes))
            time.sleep(LOOK_SECONDS)
    seconds = time.perf_counter() - started
    if process.returncode != 0:
        sys.exit(output.read_text(errors="replace"))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(seconds, cpu, memory, largest, count)


def _sizes(process: psutil.Process) -> list[int]:
    """Resident bytes of a process and all processes below it."""
    try:
        every = [process, *process.children(recursive=True)]
        return [item.memory_info().rss for item in every if item.is_running()]
    except psutil.Error:  # one ended between the two readings
        return []


def draw_clip(folder: Path, frames: int, size: tuple[int, int]) -> None:
    """Write clip.mp4 and first.png, with one object."""
    options = SyntheticOptions(size=size, videos_val=1, frames_val=frames, object_counts=(1,))
    (video,) = synthetic_videos("val", options)
    _write_video(video, folder / "clip.mp4")
    mask = Image.fromarray(video.label_map(0))
    mask.putpalette([level for index in range(256) for level in (index, 255 - index, 90)])
    mask.save(folder / "first.png")


def _write_video(video: SyntheticVideo, path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.height, stream.width = video.size
        stream.pix_fmt = "yuv420p"
        for index in range(video.frame_count):
            frame = av.VideoFrame.from_ndarray(video.frame(index), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def rows(size: tuple[int, int]) -> list[tuple[str, Callable[[int], list[str]]]]:
    """Names of commands, and their arguments by the number of the repetition."""
    short = str(min(size))
    clip = ["segment", "clip.mp4", "--mask", "first.png", "--resolution", short]
    own = [*clip, "--preset", "propagate"]
    report = ["benchmark", *GENERATED, "--compare", "", "--run-id", "run", "--set", *SMALL]
    return [
        ("--help", lambda _: ["--help"]),
        ("segment --help", lambda _: ["segment", "--help"]),
        ("segment CLIP", lambda n: [*own, "--store", f"clip-{n}", "--out", f"out-{n}"]),
        ("segment CLIP, again", lambda n: [*own, "--store", f"clip-{n}", "--out", f"out-{n}"]),
        ("benchmark, 2 workers", lambda n: [*report, "--store", f"two-{n}"]),
        ("benchmark, again", lambda n: [*report, "--store", f"two-{n}"]),
        ("status", lambda n: ["status", "--store", f"two-{n}"]),
        ("status RUN", lambda n: ["status", "run", "--store", f"two-{n}"]),
        ("report RUN", lambda n: ["report", "run", "--store", f"two-{n}"]),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=10)
    parser.add_argument("--size", default="128x224", help="height x width of the clip")
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    height, _, width = asked.size.partition("x")
    size = int(height), int(width)
    with tempfile.TemporaryDirectory(prefix="maskrnn-light-") as place:
        folder = Path(place)
        draw_clip(folder, asked.frames, size)
        print("| command | s | CPU s | MiB, all | MiB, largest | processes |")
        print("|---|---|---|---|---|---|")
        for name, arguments in rows(size):
            costs = [measure(arguments(number), folder) for number in range(asked.repeat)]
            best = min(costs, key=lambda cost: cost.cpu_seconds)
            memory, largest = best.memory >> 20, best.largest >> 20
            print(
                f"| {name} | {min(cost.seconds for cost in costs):.2f} | {best.cpu_seconds:.2f} "
                f"| {memory} | {largest} | {best.processes} |",
                flush=True,
            )
        print(f"load of the machine at the end: {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
