"""Speed of J, F and T side by side with restated reference implementations.

    python benchmarks/metrics_speed.py [--data DIR] [--frames N] [--seconds S]

Every side reads the same PNG files and ends with figures. The sides take turns on the same frames,
so that other load on the machine hits all of them; ratios count, frames per second depend on the
machine. On a busy machine look at the frames per second of processor time, which is known for sides
of one process. Figures are compared on the way: a side that disagrees stops the benchmark.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import cv2
import metrics_reference
import metrics_reference_stability
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maskrnn_core.metrics import VideoEvaluator, protocol, temporal_stability
from storage.datasets.png.png_masks import decode_png
from tasks.evaluation.evaluation import EvaluationRequest, evaluate_predictions
from tasks.inputs.sources import DatasetSpec

Pair = tuple[Path, Path]
Figures = list[tuple[float, float]]
Side = Callable[[Sequence[Pair]], Figures]
BoolImage = NDArray[np.bool_]

RULES = protocol("davis2016")


def by_davis2016_style(pairs: Sequence[Pair]) -> Figures:
    """Pillow, and a dilation offset by offset over the whole frame."""
    return [_by_reference(pair, metrics_reference.contour_by_offsets) for pair in pairs]


def by_opencv_style(pairs: Sequence[Pair]) -> Figures:
    """Pillow, and OpenCV's dilation over the whole frame, as the fastest public tool does."""
    return [_by_reference(pair, metrics_reference.contour_by_opencv) for pair in pairs]


def _by_reference(
    pair: Pair, contour: Callable[[BoolImage, BoolImage], float]
) -> tuple[float, float]:
    truth, predicted = (np.asarray(Image.open(path)) > 0 for path in pair)
    return metrics_reference.region(truth, predicted), contour(truth, predicted)


def by_project(pairs: Sequence[Pair]) -> Figures:
    """The project: its PNG decoder and its streaming evaluation."""
    evaluator = VideoEvaluator(RULES, (1,), len(pairs), stability=False)
    figures = []
    for truth, predicted in pairs:
        scores = evaluator.add(decode_png(truth.read_bytes()), decode_png(predicted.read_bytes()))
        figures.append((float(scores.region[0]), float(scores.contour[0])))
    return figures


def by_metric_alone(masks: Sequence[tuple[NDArray[np.uint8], NDArray[np.uint8]]]) -> None:
    """The project's J and F with the masks already in memory."""
    evaluator = VideoEvaluator(RULES, (1,), len(masks), stability=False)
    for truth, predicted in masks:
        evaluator.add(truth, predicted)


def with_processes(side: Side, pool: Executor, count: int) -> Side:
    """The side on `count` processes that are already running, fed with small shares of the frames.

    Small, since neither the frames nor the cores are equally fast.
    """

    def run(pairs: Sequence[Pair]) -> Figures:
        size = min(50, -(-len(pairs) // count))
        shares = [pairs[i : i + size] for i in range(0, len(pairs), size)]
        return [figures for part in pool.map(side, shares) for figures in part]

    return run


def measure(sides: dict[str, Side], batches: Iterator[list[Pair]], seconds: float) -> None:
    """Run the sides in turn, batch by batch, and print frames per second and ratios.

    A side that is slow takes the head of the batch only.
    """
    spent = dict.fromkeys(sides, 0.0)
    busy = dict.fromkeys(sides, 0.0)
    done = dict.fromkeys(sides, 0)
    begin = time.perf_counter()
    for batch in batches:
        known: Figures = []
        for name, side in sides.items():
            slow = done[name] > 0 and spent[name] / done[name] > 0.05
            pairs = batch[:2] if slow or (done[name] == 0 and "2016" in name) else batch
            start, start_busy = time.perf_counter(), time.process_time()
            figures = side(pairs)
            spent[name] += time.perf_counter() - start
            busy[name] += time.process_time() - start_busy
            done[name] += len(pairs)
            if not np.allclose(figures[: len(known)], known[: len(figures)], rtol=0, atol=1e-12):
                raise SystemExit(f"{name} gives other figures than the sides before it")
            known = max(known, figures, key=len)
        if time.perf_counter() - begin > seconds:
            break
    base = "OpenCV style, 1 process"
    print(f"{'':28}{'frames/s':>10}{'ratio':>8}{'per CPU s':>11}{'ratio':>8}{'frames':>8}")
    for name in sides:
        wall = done[name] / spent[name], done[name] / spent[name] * spent[base] / done[base]
        processor = done[name] / busy[name], done[name] / busy[name] * busy[base] / done[base]
        alone = f"{processor[0]:11.1f}{processor[1]:8.2f}" if "1 process" in name else " " * 19
        print(f"{name:28}{wall[0]:10.1f}{wall[1]:8.2f}{alone}{done[name]:8d}")


def _count(pairs: Sequence[Pair]) -> Figures:
    """Arithmetic that needs neither memory nor files, for the yardstick."""
    total = 0
    for number in range(200_000 * len(pairs)):
        total += number
    return []


def measure_yardstick(pool: Executor) -> None:
    """Print how much more two processes do here when nothing but the cores limits them."""
    spent = {1: 0.0, 2: 0.0}
    pairs = [(Path(), Path())] * 40
    for _ in range(6):
        for count in spent:
            start = time.perf_counter()
            with_processes(_count, pool, count)(pairs)
            spent[count] += time.perf_counter() - start
    print(f"\nA plain sum: two processes do {spent[1] / spent[2]:.2f} times the work of one")


def compare_stability(masks: list[BoolImage]) -> None:
    """Print pairs per second of T, the project's and the plain reference's."""
    spent = [0.0, 0.0]
    for first, second in zip(masks[::2], masks[1::2], strict=False):
        start = time.perf_counter()
        plain = metrics_reference_stability.temporal_stability(first, second)
        spent[0] += time.perf_counter() - start
        start = time.perf_counter()
        ours = temporal_stability(np.stack([first, second]))[0]
        spent[1] += time.perf_counter() - start
        if abs(ours - plain) > 0.01 * plain:
            raise SystemExit(f"T: {ours} where the reference has {plain}")
    pairs = len(masks) // 2
    print(f"{'':28}{'pairs/s':>10}{'ratio':>8}{'pairs':>8}")
    print(f"{'T, plain Python and numpy':28}{pairs / spent[0]:10.2f}{1:8.2f}{pairs:8d}")
    print(f"{'T, project':28}{pairs / spent[1]:10.2f}{spent[0] / spent[1]:8.2f}{pairs:8d}")


def measure_evaluation(data: Path) -> None:
    """Print frames per second of a whole evaluation without T: data set opened to tables built."""
    root, published = data / "davis2016", data / "davis2016-published/osvos"
    spec = DatasetSpec("davis2016", str(root))
    print(f"{'':28}{'frames/s':>10}{'per CPU s':>11}{'frames':>8}")
    for workers in (1, 2):
        request = EvaluationRequest(published, spec, stability=False, workers=workers)
        evaluate_predictions(request)
        start, busy = time.perf_counter(), time.process_time()
        frames = len(evaluate_predictions(request).per_frame)
        rate, alone = frames / (time.perf_counter() - start), time.process_time() - busy
        text = f"{frames / alone:11.1f}" if workers == 1 else " " * 11
        print(f"{f'project, --workers {workers}':28}{rate:10.1f}{text}{frames:8d}")


def find_pairs(data: Path) -> list[Pair]:
    """Annotations and published results of OSVOS and OnAVOS, sequence after sequence."""
    annotations, published = data / "davis2016/Annotations/480p", data / "davis2016-published"
    pairs = [
        (annotations / path.parent.name / path.name, path)
        for method in ("osvos", "onavos")
        for path in sorted((published / method).rglob("*.png"))
    ]
    if not pairs:
        raise SystemExit(f"{published} has no masks: point --data at the folder with davis2016")
    return pairs


def enlarged(pairs: Sequence[Pair], folder: Path) -> list[Pair]:
    """The same masks at 2.25 times the size (1080p), nearest neighbour, as PNG files."""

    def enlarge(path: Path) -> Path:
        target = folder / path.parent.parent.name / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        image = Image.open(path)
        height, width = round(2.25 * image.height), round(2.25 * image.width)
        image.resize((width, height), Image.Resampling.NEAREST).save(target)
        return target

    return [(enlarge(truth), enlarge(predicted)) for truth, predicted in pairs]


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed of the metrics, side by side")
    shared = Path(__file__).resolve().parents[1].parent / "shared/data"
    parser.add_argument("--data", type=Path, default=shared, help="folder with davis2016")
    parser.add_argument("--frames", type=int, default=500, help="frames in one turn of a side")
    parser.add_argument("--seconds", type=float, default=40, help="time for each table")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    every = find_pairs(options.data)
    mixed = [every[i] for i in np.random.default_rng(0).permutation(len(every))]
    with (
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool,
        tempfile.TemporaryDirectory() as scratch,
    ):
        sides = {
            "DAVIS-2016 style, 1 process": by_davis2016_style,
            "OpenCV style, 1 process": by_opencv_style,
            "OpenCV style, 2 processes": with_processes(by_opencv_style, pool, 2),
            "project, 1 process": by_project,
            "project, 2 processes": with_processes(by_project, pool, 2),
        }
        for side in sides.values():  # compile, start processes, fill caches of files
            side(mixed[:4])
        measure_yardstick(pool)
        for title, pairs in (
            ("480p", mixed),
            ("1080p", enlarged(mixed[:80], Path(scratch))),
        ):
            print(f"\nJ and F from PNG files to figures, {title}")
            size = options.frames
            turns = (pairs[i : i + size] for i in range(0, len(pairs), size))
            measure(sides, turns, options.seconds)
            masks = [
                (decode_png(a.read_bytes()), decode_png(b.read_bytes())) for a, b in pairs[:80]
            ]
            start = time.process_time()
            by_metric_alone(masks)
            rate = len(masks) / (time.process_time() - start)
            print(f"{'project, masks in memory':46}{rate:11.1f}")
    print("\nA whole evaluation, 480p, processes started in its time")
    measure_evaluation(options.data)
    print("\nT, annotations of DAVIS-2016")
    compare_stability(_steady_masks(every))


def _steady_masks(pairs: Sequence[Pair]) -> list[BoolImage]:
    """Neighbouring annotations, two by two, whose pixels nowhere touch diagonally."""
    found: list[BoolImage] = []
    for (first, _), (second, _) in zip(pairs[::40], pairs[1::40], strict=False):
        masks = [decode_png(path.read_bytes()) > 0 for path in (first, second)]
        try:
            if first.parent == second.parent:
                for mask in masks:
                    metrics_reference_stability.longest_contour(mask)
                found += masks
        except ValueError:
            continue
    temporal_stability(np.stack(found[:2]))  # compile
    return found[:16]


if __name__ == "__main__":
    main()
