"""Memory of an evaluation of 10,000 frames at 480p: `python benchmarks/metrics_long_video.py`.

Two moving objects are drawn frame by frame, so nothing but the evaluator can grow.
"""

import resource
import sys
import time

import cv2
import numpy as np
from numpy.typing import NDArray

from maskrnn_core.metrics import VideoEvaluator, protocol

FRAMES = 10_000
SIZE = (480, 854)


def label_map(index: int, shift: int) -> NDArray[np.uint8]:
    """Two discs on their way around the frame."""
    labels = np.zeros(SIZE, dtype=np.uint8)
    for k in (1, 2):
        angle = index / 50 + 3 * k
        centre = round(427 + 200 * np.cos(angle)) + shift, round(240 + 110 * np.sin(angle))
        cv2.circle(labels, centre, 70, k, -1)
    return labels


def peak_megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 if sys.platform != "darwin" else 1024**2)


def main() -> None:
    rules = protocol("davis2017-semi-supervised")
    evaluator = VideoEvaluator(rules, (1, 2), FRAMES, video="long", stability=False)
    start = time.perf_counter()
    for index in range(FRAMES):
        evaluator.add(label_map(index, 0), label_map(index, 4))
        if index + 1 in (100, 1_000, FRAMES):
            rate = (index + 1) / (time.perf_counter() - start)
            print(f"{index + 1:6d} frames  peak {peak_megabytes():6.0f} MiB  {rate:6.0f} frames/s")
    for scores in evaluator.result().objects:
        region, contour = scores.region_summary, scores.contour_summary
        print(f"object {scores.object_id}: J {region.mean:.4f}, decay {region.decay:+.4f}", end="")
        print(f", F {contour.mean:.4f}, decay {contour.decay:+.4f}")


if __name__ == "__main__":
    main()
