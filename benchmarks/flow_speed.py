"""Seconds, work and memory of every flow estimator for both directions of a pair at 480x854.

Run as `python benchmarks/flow_speed.py`, with `--one-thread` on a busy machine. Weights are
random: they change neither the work nor the memory. "Separate" calls `estimate` once per
direction, "together" `estimate_both`; the two take turns, so that their ratio stands.
"""

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import optical_flow as models

from maskrnn_core.compute import Compute
from maskrnn_core.optical_flow.estimator import FlowEstimator
from maskrnn_core.optical_flow.flownet2 import FlowNet2, FlowNet2S, correlation
from maskrnn_core.optical_flow.flownet2.estimator import FlowNet2Estimator
from maskrnn_core.optical_flow.opencv import DIS, Farneback
from maskrnn_core.optical_flow.raft import RAFT
from maskrnn_core.video import UInt8Array

_Result = TypeVar("_Result")

_SIZE = (480, 854)
_FEATURES = (2, 256, 64, 112)
"""What FlowNetC correlates at that size, both directions."""

_FACTORIES: dict[str, Callable[[Compute], FlowEstimator]] = {
    "flownet2": lambda compute: FlowNet2Estimator(FlowNet2(), compute),
    "flownet2s": lambda compute: FlowNet2Estimator(FlowNet2S(), compute),
    "raft-small": lambda compute: RAFT("small", models.raft_small().state_dict(), compute),
    "raft-large": lambda compute: RAFT("large", models.raft_large().state_dict(), compute),
    "dis": lambda compute: DIS("medium"),
    "farneback": lambda compute: Farneback(),
}


@dataclass(frozen=True)
class Figures:
    """Of both directions of one pair."""

    separate: float
    together: float
    separate_work: float
    together_work: float
    memory: float


def _frames() -> tuple[UInt8Array, UInt8Array]:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (30, 54, 3), dtype=np.uint8)
    frame = np.kron(coarse, np.ones((16, 16, 1), np.uint8))[: _SIZE[0], : _SIZE[1]]
    return np.ascontiguousarray(frame), np.roll(frame, (2, 5), (0, 1))


def _seconds(work: Callable[[], object]) -> float:
    # One thread's own CPU time is hardly touched by what else the machine does.
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    start = clock()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return clock() - start


def _gigaflop(work: Callable[[], object]) -> float:
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops()) / 1e9


def _resident() -> float:
    """Largest resident memory so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _use_threads(threads: int) -> None:
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)


def _measure(name: str, compute: Compute, repeats: int) -> Figures:
    torch.manual_seed(0)
    estimator = _FACTORIES[name](compute)
    first, second = _frames()
    before = _resident()

    def separate() -> None:
        estimator.estimate(first, second)
        estimator.estimate(second, first)

    def together() -> None:
        estimator.estimate_both(first, second)

    together_work = _gigaflop(together)  # also the warm-up
    memory = _resident() - before
    separate_work = _gigaflop(separate)
    turns = [(_seconds(separate), _seconds(together)) for _ in range(repeats)]
    fastest = [min(times) for times in zip(*turns, strict=True)]
    return Figures(fastest[0], fastest[1], separate_work, together_work, memory)


def _measure_correlation(repeats: int) -> tuple[float, float]:
    """Seconds and extra MB, the output not counted, for both directions."""
    first = torch.randn(_FEATURES).to(memory_format=torch.channels_last)
    second = torch.randn(_FEATURES).to(memory_format=torch.channels_last)
    before = _resident()
    with torch.inference_mode():
        volume = correlation(first, second)
        extra = _resident() - before - volume.numel() * volume.element_size() / 2**20
        return min(_seconds(lambda: correlation(first, second)) for _ in range(repeats)), extra


def _matrix_peak(device: torch.device, dtype: torch.dtype) -> float:
    """GFLOP/s of the best of a few square matrix products."""
    side = 8192 if device.type == "cuda" else 1024
    left = torch.randn(side, side, device=device, dtype=dtype)
    return 2 * side**3 / 1e9 / min(_seconds(lambda: left @ left) for _ in range(10))


def _apart(work: Callable[..., _Result], *arguments: object) -> _Result:
    """Run in a fresh process, whose largest memory is the work's own."""
    with multiprocessing.get_context("spawn").Pool(
        1, _use_threads, (torch.get_num_threads(),)
    ) as pool:
        return pool.apply(work, arguments)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=list(_FACTORIES), default=list(_FACTORIES))
    parser.add_argument("--bfloat16", action="store_true", help="weights of FlowNet2 in bfloat16")
    parser.add_argument(
        "--one-thread", action="store_true", help="CPU seconds of one thread, for a busy machine"
    )
    options = parser.parse_args()
    if options.one_thread:
        _use_threads(1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    compute = Compute(device, options.bfloat16)
    print(f"{_SIZE[0]}x{_SIZE[1]}, {device}, {torch.get_num_threads()} threads, both directions")
    print(
        f"{'estimator':<12}{'separate s':>11}{'together s':>11}{'ratio':>7}{'s / flow':>9}"
        f"{'GFLOP sep.':>11}{'GFLOP':>8}{'GFLOP/s':>9}{'of peak':>9}{'MB':>7}"
    )
    for name in options.only:
        dtype = torch.bfloat16 if options.bfloat16 and "flownet" in name else torch.float32
        peak = _matrix_peak(device, dtype)
        figures = _apart(_measure, name, compute, options.repeats)
        peak = max(peak, _matrix_peak(device, dtype))
        rate = figures.together_work / figures.together
        print(
            f"{name:<12}{figures.separate:>11.3f}{figures.together:>11.3f}"
            f"{figures.separate / figures.together:>7.2f}{figures.together / 2:>9.3f}"
            f"{figures.separate_work:>11.0f}{figures.together_work:>8.0f}"
            f"{rate:>9.0f}{rate / peak:>9.0%}{figures.memory:>7.0f}",
            flush=True,
        )
        if name == "flownet2":
            seconds, extra = _apart(_measure_correlation, 5)
            share = seconds / figures.together
            print(f"  correlation {seconds:.3f} s, {share:.1%} of it, {extra:.0f} MB extra (cpu)")
    print(f"matrix peak: float32 {_matrix_peak(device, torch.float32):.0f} GFLOP/s, ", end="")
    print(f"bfloat16 {_matrix_peak(device, torch.bfloat16):.0f} GFLOP/s")


if __name__ == "__main__":
    main()
