"""The full-size configuration: preset `paper`, width 1.0, frames of 480x854.

One training step, one recurrent step over 7 frames, one finetuning step and one segmented frame,
each in a process of its own, with seconds and peak memory:

    python benchmarks/full_size.py [--stages static,recurrent,finetune,segment] [--threads N]
"""

import argparse
import multiprocessing
import resource
import time
from dataclasses import replace

import torch

from maskrnn_core.inference import segment
from maskrnn_core.networks import build_network, weights_of
from maskrnn_core.options import ComputeOptions, Preset
from maskrnn_core.presets import preset
from maskrnn_core.synthetic import SyntheticOptions, synthetic_videos
from maskrnn_core.synthetic.video import SyntheticVideo
from maskrnn_core.training.finetuning import finetune
from maskrnn_core.training.parent import train_parent

SIZE = (480, 854)
STAGES = ("static", "recurrent", "finetune", "segment")
FRAMES = {"static": 1, "recurrent": 6, "finetune": 1, "segment": 1}
"""Frames that pass the network; the first of a clip's seven is given."""


def full_size_video(frames: int) -> SyntheticVideo:
    """A generated video of one object."""
    options = SyntheticOptions(size=SIZE, frames_train=frames, videos_train=1)
    return synthetic_videos("train", options)[0]


def run_stage(stage: str, compute: ComputeOptions) -> float:
    """Run one step of a stage; returns its seconds, without reading and set-up where possible."""
    paper = preset("paper")
    if stage in ("static", "recurrent"):
        return _train(stage, paper, compute)
    assert paper.network is not None
    assert paper.finetune is not None
    video = full_size_video(2)
    torch.manual_seed(0)
    weights = weights_of(build_network(paper.network))
    if stage == "finetune":
        once = replace(paper, finetune=replace(paper.finetune, iterations=1))
        return finetune(video, 1, weights, once, compute).curve[0].seconds
    frames = segment(video, {1: weights}, paper, compute)
    next(frames)
    started = time.perf_counter()
    next(frames)
    return time.perf_counter() - started


def _train(stage: str, paper: Preset, compute: ComputeOptions) -> float:
    assert paper.static is not None
    assert paper.recurrent is not None
    static = replace(paper.static, steps=1) if stage == "static" else None
    recurrent = replace(paper.recurrent, steps=1, checkpoint_activations=True)
    only = replace(paper, static=static, recurrent=None if static else recurrent)
    video = full_size_video(1 if static else 7)
    return train_parent([video], only, compute).curve[0].seconds


def _measure(
    stage: str, threads: int | None, queue: "multiprocessing.Queue[tuple[float, int]]"
) -> None:
    seconds = run_stage(stage, ComputeOptions(threads=threads))
    queue.put((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stages", default=",".join(STAGES))
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    print(f"{'stage':<10} {'frames':>6} {'seconds':>8} {'peak GiB':>9}")
    for stage in arguments.stages.split(","):
        queue = spawn.Queue()
        process = spawn.Process(target=_measure, args=(stage, arguments.threads, queue))
        process.start()
        process.join()
        if process.exitcode != 0:
            raise SystemExit(f"{stage} ended with exit code {process.exitcode}")
        seconds, kibibytes = queue.get()
        print(
            f"{stage:<10} {FRAMES[stage]:>6} {seconds:>8.1f} {kibibytes / 2**20:>9.1f}", flush=True
        )


if __name__ == "__main__":
    main()
