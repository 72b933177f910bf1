"""A real archive: every sequence of DAVIS-2016 as mp4, with workers killed on the way.

Encodes the sequences, adds the dogs-jump video of DAVIS-2017, writes the manifest, runs `maskrnn
archive` and kills a worker at seeded moments. A run that ends with failed rows is given again, as
a user would. Prints wall time, the share of every stage, and whether all rows came through.

    python benchmarks/archive_davis.py --data ../shared/data [--store DIR] [--sequences NAMES]
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import numpy as np
import pandas as pd
import psutil
from PIL import Image

from storage.kinds.predictions import StoredPrediction
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore

RUN = "archive-davis"
RATE = 24
RUNS = 3
"""Times that the command is given at most."""


def encode(frames: Sequence[Path], target: Path) -> None:
    """Write an mp4 (H.264) of image files; an odd last row or column is left out."""
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "18"})
        stream.pix_fmt = "yuv420p"
        with Image.open(frames[0]) as first:
            stream.width, stream.height = (side - side % 2 for side in first.size)
        for file in frames:
            picture = even(np.asarray(Image.open(file).convert("RGB")))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


def even(
    picture: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]",
) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    """A picture of even height and width, as H.264 wants it."""
    height, width = (side - side % 2 for side in picture.shape[:2])
    return np.ascontiguousarray(picture[:height, :width])


def write_archive(data: Path, folder: Path, names: Sequence[str] | None) -> dict[str, int]:
    """Videos, masks and manifest.csv in a folder; returns frames by id."""
    davis, sample = data / "davis2016", data / "davis2017-sample"
    frames: dict[str, int] = {}
    rows = []
    for place in sorted((davis / "JPEGImages" / "480p").iterdir()):
        if names is None or place.name in names:
            files = sorted(place.glob("*.jpg"))
            encode(files, folder / f"{place.name}.mp4")
            mask = davis / "Annotations" / "480p" / place.name / f"{files[0].stem}.png"
            Image.fromarray(even(np.asarray(Image.open(mask)))).save(folder / f"{place.name}.png")
            frames[place.name] = len(files)
            rows.append((place.name, f"{place.name}.mp4", f"{place.name}.png"))
    if names is None or "dogs-jump" in names:
        masks = sample / "Annotations" / "480p" / "dogs-jump"
        frames["dogs-jump"] = len(list((sample / "JPEGImages" / "480p" / "dogs-jump").iterdir()))
        video, mask = sample / "dogs-jump.mp4", masks / "00000.png"
        rows.append(("dogs-jump", str(video.absolute()), str(mask.absolute())))
    table = pd.DataFrame(rows, columns=["id", "video", "mask"])
    table.to_csv(folder / "manifest.csv", index=False)
    return frames


def kill_at_moments(
    process: "subprocess.Popen[bytes]", store: str, moments: Sequence[float], chance: random.Random
) -> Iterator[str]:
    """SIGKILL for a worker whenever so many rows have ended; yields what was killed."""
    ledger = RunLedger(ArtifactStore(store), RUN)
    left = list(moments)
    while process.poll() is None:
        time.sleep(1.0)
        records = [record for record in ledger.records() if "/" not in record.video]
        ended = sum(record.state in ("done", "failed") for record in records)
        running = [record for record in records if record.state == "running"]
        if not left or ended < left[0] or not running:
            continue
        time.sleep(chance.uniform(0.0, 15.0))  # somewhere in a row
        if workers := _workers(process.pid):
            worker = chance.choice(workers)
            left.pop(0)
            worker.kill()
            yield f"worker {worker.pid} after {ended} rows"


def _workers(pid: int) -> list[psutil.Process]:
    try:
        children = psutil.Process(pid).children(recursive=True)
        return [child for child in children if "spawn_main" in " ".join(child.cmdline())]
    except psutil.Error:
        return []


def report(store: str, frames: dict[str, int], seconds: float, kills: int, runs: int) -> bool:
    """Print what came of it; whether every frame of every row is there."""
    artifacts = ArtifactStore(store)
    folder = Path(store) / "runs" / RUN / "report"
    table = pd.read_parquet(folder / "videos.parquet").set_index("id")
    figures = json.loads((folder / "summary.json").read_text())
    complete = 0
    for name, count in frames.items():
        if table.loc[name, "state"] == "done":
            prediction = StoredPrediction(artifacts, str(table.loc[name, "prediction"]))
            complete += prediction.frame_count == count
        else:
            print(name, table.loc[name, "error"])
    print(
        f"{complete} of {len(frames)} rows with every frame ({sum(frames.values())} frames), "
        f"{kills} workers killed, {(table['attempt'] > 1).sum()} rows tried more than once, "
        f"command given {runs} times; {seconds:.0f} s in all, "
        f"{table['seconds'].sum():.0f} s of workers"
    )
    for stage in figures["stages"]:
        print(f"{stage['stage']!s:10} {stage['seconds']:8.1f} s {stage['share']:6.1%}")
    print(f"real-time factor (median): {table['real_time_factor'].median():.4f}")
    return complete == len(frames)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="has davis2016, davis2017-sample")
    parser.add_argument("--store", help="of the run; one that stays allows to go on")
    parser.add_argument("--sequences", help="only these, separated by commas")
    parser.add_argument("--resolution", default="240")
    parser.add_argument("--workers", default="2")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--parent", help="in place of training one")
    parser.add_argument("--set", nargs="*", default=[], help="options as `maskrnn archive` takes")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    names = options.sequences.split(",") if options.sequences else None
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        store = options.store or str(folder / "store")
        frames = write_archive(options.data, folder, names)
        print(f"{len(frames)} videos, {sum(frames.values())} frames", flush=True)
        command = [sys.executable, "-m", "flows.cli.app", "archive", str(folder / "manifest.csv")]
        command += ["--store", store, "--run-id", RUN, "--workers", options.workers]
        command += ["--resolution", options.resolution]
        command += ["--parent", options.parent] if options.parent else []
        command += ["--set", *options.set] if options.set else []
        moments = sorted(chance.uniform(0, len(frames) - 1) for _ in range(options.kills))
        began, kills, runs, process = time.monotonic(), 0, 0, None
        while runs < RUNS and (process is None or process.returncode != 0):
            process = subprocess.Popen(command)
            runs += 1
            for killed in kill_at_moments(process, store, moments[kills:], chance):
                kills += 1
                print(f"killed {killed}", flush=True)
        if not report(store, frames, time.monotonic() - began, kills, runs):
            raise SystemExit("a row did not come through")


if __name__ == "__main__":
    main()
