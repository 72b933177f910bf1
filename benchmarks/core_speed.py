"""How close forward pass and training step come to what the machine can multiply.

    python benchmarks/core_speed.py [--lines 240] [--repeat 5] [--device cpu] [--threads N]

Rows are networks; each is measured forward, in a training step as the product takes it, and in a
step with channels_last tensors and Adam's plain loop, as before. All variants take turns, so that
other work on the machine meets each of them. GFLOP are counted by torch, twice the multiplications;
the peak is that of a large matrix product measured in the same turns. On a CPU the seconds are CPU
seconds divided by the number of threads, which waiting for other work does not lengthen.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from maskrnn_core.compute import Compute, resolve_compute
from maskrnn_core.networks import MaskRNN, build_network
from maskrnn_core.options import ComputeOptions, NetworkOptions

MATRIX = 2048
BILLION = 1e9

SMALL = NetworkOptions(width=0.25, norm="group", localization=False)
NETWORKS = {
    "one stream, full width": NetworkOptions(flow_stream=False, localization=False),
    "two streams, full width": NetworkOptions(localization=False),
    "two streams, `small`": SMALL,
}

Inputs = tuple[Tensor, Tensor, Tensor]


@dataclass
class Row:
    """One measured variant."""

    name: str
    run: Callable[[], None]
    gflop: float
    seconds: list[float]


def inputs_of(lines: int, device: torch.device) -> Inputs:
    """A frame, a mask and flow magnitudes at 16:9, width a multiple of 16."""
    size = (lines, round(lines * 16 / 9 / 16) * 16)
    generator = torch.Generator().manual_seed(0)
    frame = torch.rand(1, 3, *size, generator=generator) * 255
    mask, magnitudes = (torch.rand(1, c, *size, generator=generator) for c in (1, 2))
    return frame.to(device), mask.to(device), magnitudes.to(device)


def forward_of(network: MaskRNN, inputs: Inputs, compute: Compute) -> Callable[[], None]:
    """A forward pass in inference."""

    def run() -> None:
        with torch.inference_mode(), compute.autocast():
            network(*inputs)

    return run


def step_of(
    options: NetworkOptions,
    inputs: Inputs,
    compute: Compute,
    layout: torch.memory_format,
    *,
    fused: bool,
) -> Callable[[], None]:
    """A training step of the segmentation net: forward, backward, Adam."""
    network = build_network(options)
    network.arrange(layout)
    network.to(compute.device)
    adam = torch.optim.Adam(network.parameters(), lr=1e-6, fused=fused)
    target = (inputs[1] > 0.5).float()

    def run() -> None:
        adam.zero_grad(set_to_none=True)
        with compute.autocast():
            logits = network(*inputs).logits
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits.float(), target)
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()

    return run


def counted(run: Callable[[], None]) -> float:
    """GFLOP of one call."""
    with FlopCounterMode(display=False) as counter:
        run()
    return float(counter.get_total_flops()) / BILLION


def rows_of(lines: int, compute: Compute) -> list[Row]:
    """The matrix product first, then all variants of all networks."""
    inputs = inputs_of(lines, compute.device)
    a, b = (torch.rand(MATRIX, MATRIX, device=compute.device) for _ in range(2))
    rows = [Row("matrix product", lambda: _multiply(a, b, compute), 2 * MATRIX**3 / BILLION, [])]
    for name, options in NETWORKS.items():
        network = build_network(options).to(compute.device).eval()
        layout = compute.training_layout
        variants = {
            "forward": forward_of(network, inputs, compute),
            "step": step_of(options, inputs, compute, layout, fused=True),
            "step, as before": step_of(options, inputs, compute, torch.channels_last, fused=False),
        }
        gflop = {"forward": counted(variants["forward"]), "step": counted(variants["step"])}
        rows += [
            Row(f"{name}: {variant}", run, gflop[variant.split(",")[0]], [])
            for variant, run in variants.items()
        ]
    return rows


def _multiply(a: Tensor, b: Tensor, compute: Compute) -> None:
    with compute.autocast():
        a @ b


def timed(run: Callable[[], None], device: torch.device) -> float:
    """Seconds of one call: of the device, or CPU seconds per thread."""
    if device.type == "cuda":
        torch.cuda.synchronize()
        started = time.perf_counter()
        run()
        torch.cuda.synchronize()
        return time.perf_counter() - started
    started = time.process_time()
    run()
    return (time.process_time() - started) / torch.get_num_threads()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=240)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--threads", type=int)
    chosen = parser.parse_args()
    compute = resolve_compute(ComputeOptions(device=chosen.device, threads=chosen.threads))
    rows = rows_of(chosen.lines, compute)
    for row in rows:
        row.run()
    for _ in range(chosen.repeat):
        for row in rows:
            row.seconds.append(timed(row.run, compute.device))
    peak = rows[0].gflop / min(rows[0].seconds)
    precision = "bfloat16" if compute.bfloat16 else "float32"
    print(f"{compute.device}, {precision}, {torch.get_num_threads()} threads, {chosen.lines} lines")
    print("| what | GFLOP | seconds, median | fastest | GFLOP/s | share of the peak |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        rate = row.gflop / min(row.seconds)
        middle = statistics.median(row.seconds)
        print(
            f"| {row.name} | {row.gflop:.1f} | {middle:.3f} | {min(row.seconds):.3f} "
            f"| {rate:.0f} | {rate / peak:.0%} |"
        )
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(f"\nkernel time {usage.ru_stime / (usage.ru_utime + usage.ru_stime):.1%} of all CPU time")


if __name__ == "__main__":
    main()
