"""The cost of an archive without segmentation, from its manifest to the last row.

Rows go through the real flow: manifest, plan, Prefect, bridge, Dask, ledger, report. Only the
segmentation is replaced (benchmarks/stand_in.py): it waits 1 ms. Printed are the seconds of
planning, the driver's peak memory, and per video the overhead (wall x workers / videos - wait) and
the CPU time.

    python benchmarks/archive.py [--videos 1000] [--workers 2]
    python benchmarks/archive.py --kill [--seed 0]      the driver is killed, and the run resumed
    python benchmarks/archive.py --sizes 1000,10000,100000 --plot docs/images/archive-scaling.png
"""

import argparse
import random
import time
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
from archive_bench import Bench

from flows.server.environment import prepare_environment


def measure(videos: int, workers: int, seconds: float) -> dict[str, float]:
    """Run one archive to its end, then the same command again; print and return its figures."""
    with ExitStack() as stack:
        bench = Bench(stack, videos, workers, seconds)
        first = bench.run()
        again = bench.run()
    overhead = (first.rows * workers / videos - seconds) * 1e3
    whole = (first.whole * workers / videos - seconds) * 1e3
    cpu = sum(first.cpu.values()) / videos * 1e3
    shares = ", ".join(f"{name} {s / videos * 1e3:.2f}" for name, s in first.cpu.items())
    print(
        f"{videos} videos on {workers} workers: planned in {first.planning:.1f} s, rows "
        f"{first.rows:.1f} s, all {first.whole:.1f} s; driver's peak {first.peak / 1e6:.0f} MB\n"
        f"overhead per video: {overhead:.2f} ms ({whole:.2f} ms with planning and report)\n"
        f"CPU time per video: {cpu:.2f} ms ({shares})\n"
        f"the same command again: {again.whole:.1f} s, {again.worked_on} rows worked on, "
        f"peak {again.peak / 1e6:.0f} MB",
        flush=True,
    )
    return {
        "videos": videos,
        "planning": first.planning,
        "whole": first.whole,
        "again": again.whole,
        "overhead": overhead,
        "peak": first.peak / 1e6,
    }


def kill_and_resume(videos: int, workers: int, seconds: float, seed: int) -> None:
    """SIGKILL for the driver at a random moment; then the same command to the end."""
    chance = random.Random(seed)
    with ExitStack() as stack:
        bench = Bench(stack, videos, workers, seconds)
        process, _ = bench.start()
        moment = chance.randint(1, videos - 1)
        while process.is_alive() and bench.times_made().total() < moment:
            time.sleep(0.05)
        process.kill()
        process.join()
        time.sleep(3)  # workers end the slices that they have begun
        before = bench.times_made()
        figures = bench.run()
        after = bench.times_made()
    redone = sorted(name for name in before if after[name] > before[name])
    print(
        f"killed after {moment} of {videos} rows (seed {seed}); {len(before)} had ended when the "
        f"run was resumed, which worked on {figures.worked_on} and planned in "
        f"{figures.planning:.1f} s\nrows done: {len(after)}; redone: {len(redone)} {redone[:5]}",
        flush=True,
    )
    if len(after) != videos or redone:
        raise SystemExit("a row is missing, or was done twice")


def plot(rows: list[dict[str, float]], file: Path) -> None:
    """How seconds, memory and overhead grow with the number of rows."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    table = pd.DataFrame(rows)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    for column, name in (("whole", "whole run"), ("again", "again"), ("planning", "planning")):
        left.loglog(table["videos"], table[column], marker="o", label=name)
    left.loglog(
        table["videos"],
        table["whole"].iloc[-1] * table["videos"] / table["videos"].iloc[-1],
        "k:",
        label="linear",
    )
    left.set(xlabel="videos", ylabel="seconds")
    left.legend()
    right.semilogx(table["videos"], table["overhead"], marker="o", label="overhead per video, ms")
    right.semilogx(table["videos"], table["peak"] / 100, marker="o", label="driver's peak, 100 MB")
    right.set(xlabel="videos", ylim=(0, None))
    right.legend()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--milliseconds", type=float, default=1.0, help="of the stand-in")
    parser.add_argument("--kill", action="store_true", help="kill the driver, and resume")
    parser.add_argument("--seed", type=int, default=0, help="of the moment of the kill")
    parser.add_argument("--sizes", help="numbers of videos, separated by commas")
    parser.add_argument("--plot", type=Path, help="PNG file that shows how it grows")
    options = parser.parse_args()
    prepare_environment(debug=False)
    seconds = options.milliseconds / 1e3
    if options.kill:
        kill_and_resume(options.videos, options.workers, seconds, options.seed)
        return
    sizes = [int(size) for size in (options.sizes or str(options.videos)).split(",")]
    rows = [measure(size, options.workers, seconds) for size in sizes]
    if options.plot is not None:
        plot(rows, options.plot)


if __name__ == "__main__":
    main()
