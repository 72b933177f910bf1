"""Memory, speed and resumption of `segment_stream` on a long clip.

    python benchmarks/long_video.py [--frames 20000 --short 200 --size 64x96 --seed 0] [--no-kill]

Draws two video files that differ in length alone, segments each in a process of its own and
compares their peak memory, which must differ by less than 10 %. Then it does the long one again,
killed (SIGKILL) at a random frame and taken up, and compares all arrays byte for byte. The network
is `small` at an eighth of VGG's width, finetuned for a few steps from random weights: what it sees
is not to be judged, what it costs is.
"""

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from maskrnn_core.options import ComputeOptions
from maskrnn_core.video import UInt8Array
from storage.kinds.checkpoints import PARENTS, save_checkpoint
from storage.kinds.predictions import PREDICTIONS
from storage.store.artifacts import ArtifactStore
from tasks import units
from tasks.clip import StreamedClip
from tasks.inputs.configuration import configure
from tasks.inputs.flow_method import flow_method

LARGEST_RATIO = 1.10
RATE = 25
SHOT = 1000
"""Frames between two cuts."""
OVERRIDES = {"network.width": "0.125", "network.fc_width": "16", "finetune.iterations": "10"}
PRESET = configure("small", OVERRIDES).preset
COMPUTE = ComputeOptions(device="cpu", threads=1)


def drawn(count: int, size: tuple[int, int]) -> Iterator[tuple[UInt8Array, UInt8Array]]:
    """Frames and label maps: a textured square on its way over a ground that changes at cuts."""
    height, width = size
    side = height // 3
    texture = np.random.default_rng(0).integers(120, 255, (side, side, 3), dtype=np.uint8)
    for index in range(count):
        if index % SHOT == 0:
            chance = np.random.default_rng(index)
            coarse = chance.integers(0, 200, (height // 8, width // 8, 3), dtype=np.uint8)
            ground = coarse.repeat(8, axis=0).repeat(8, axis=1)
        x, y = bounced(index, width - side), bounced(index // 2, height - side)
        frame, label_map = ground.copy(), np.zeros(size, np.uint8)
        frame[y : y + side, x : x + side] = texture
        label_map[y : y + side, x : x + side] = 1
        yield frame, label_map


def bounced(position: int, length: int) -> int:
    """A place on a line that turns at its ends."""
    return length - abs(position % (2 * length) - length)


def write_clip(folder: Path, count: int, size: tuple[int, int]) -> StreamedClip:
    """A video file, frame by frame, and the mask of its first frame."""
    folder.mkdir()
    with av.open(str(folder / "clip.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=RATE)
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width, stream.pix_fmt = *size, "yuv420p"
        stream.bit_rate = 400_000
        for index, (picture, label_map) in enumerate(drawn(count, size)):
            if index == 0:
                mask = Image.fromarray(label_map).convert("P")
                mask.putpalette([0, 0, 0, 128, 0, 0])
                mask.save(folder / "first.png")
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return StreamedClip(str(folder / "clip.mp4"), str(folder / "first.png"), "clip")


def parent(store: ArtifactStore) -> None:
    """A network that nobody trained, as "parent"."""
    import torch

    from maskrnn_core.networks import build_network, weights_of

    assert PRESET.network is not None
    torch.manual_seed(0)
    save_checkpoint(store, PARENTS, "parent", weights_of(build_network(PRESET.network)), {})


def segment(url: str, key: str, clip: StreamedClip, die_after: int | None) -> None:
    """What the process of its own does: segment, and print figures as JSON."""
    if die_after is not None:
        _die_after(die_after)
    method = flow_method("dis-ultrafast")
    figures = units.segment_stream(
        url, key, clip, method, "parent", PRESET, COMPUTE, None, {"uri": clip.video}
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**figures.__dict__, "peak": peak}))


def _die_after(frames: int) -> None:
    from maskrnn_core.inference.tracker import Tracker

    step, done = Tracker.step, 0

    def counted(*args: Any) -> Any:
        nonlocal done
        if done == frames:
            os.kill(os.getpid(), signal.SIGKILL)
        done += 1
        return step(*args)

    Tracker.step = counted  # type: ignore[method-assign, assignment]


def in_process(
    url: str, key: str, clip: StreamedClip, die_after: int | None = None
) -> dict[str, Any] | None:
    """Figures of a process that segments a clip; None when it was killed."""
    command = [sys.executable, __file__, "--one", url, key, clip.video, clip.masks]
    command += [] if die_after is None else [str(die_after)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode == -signal.SIGKILL:
        return None
    done.check_returncode()
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def told(figures: dict[str, Any], what: str) -> None:
    """Print the figures of one process."""
    wall = figures["frames"] / RATE / figures["real_time_factor"]
    wall *= 1 - figures["resumed"] / figures["frames"]
    new = figures["frames"] - figures["resumed"]
    stages = ", ".join(f"{name} {seconds:.1f}" for name, seconds in figures["seconds"].items())
    print(
        f"{what}: {figures['frames']} frames, {figures['shots']} shots, peak "
        f"{figures['peak']:.0f} MiB, {new / wall:.1f} frames/s, real-time factor "
        f"{figures['real_time_factor']:.2f}; seconds: {stages}",
        flush=True,
    )


def arrays(store: ArtifactStore, key: str) -> dict[str, bytes]:
    """All files of the Zarr hierarchy of a prediction."""
    root = Path(store.location(PREDICTIONS, key), "arrays.zarr")
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def main() -> int:
    """Print the figures; exit code 1 where memory grows or bytes differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--short", type=int, default=200)
    parser.add_argument("--size", default="64x96", help="height x width, multiples of 8")
    parser.add_argument("--seed", type=int, default=0, help="of the frame at which it is killed")
    parser.add_argument("--no-kill", action="store_true")
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        url, key, video, masks, *die = options.one
        segment(url, key, StreamedClip(video, masks, "clip"), int(die[0]) if die else None)
        return 0
    height, width = (int(side) for side in options.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        store = ArtifactStore(f"{folder}/store")
        parent(store)
        short = write_clip(Path(folder, "short"), options.short, (height, width))
        long = write_clip(Path(folder, "long"), options.frames, (height, width))
        first = in_process(store.url, "short", short)
        second = in_process(store.url, "long", long)
        assert first is not None
        assert second is not None
        told(first, "short")
        told(second, "long")
        ratio = second["peak"] / first["peak"]
        print(f"peak memory, long to short: {ratio:.3f}")
        equal = True
        if not options.no_kill:
            frame = random.Random(options.seed).randrange(1, options.frames - 1)
            assert in_process(store.url, "resumed", long, frame) is None
            print(f"killed at frame {frame}", flush=True)
            resumed = in_process(store.url, "resumed", long)
            assert resumed is not None
            told(resumed, f"taken up at frame {resumed['resumed']}")
            equal = arrays(store, "resumed") == arrays(store, "long")
            print(f"{len(arrays(store, 'long'))} files of arrays, byte for byte equal: {equal}")
    return 0 if ratio < LARGEST_RATIO and equal else 1


if __name__ == "__main__":
    sys.exit(main())
