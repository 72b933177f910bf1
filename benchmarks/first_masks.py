"""First masks from a box or points against the true ones: IoU per sequence of a data set.

    python benchmarks/first_masks.py --dataset davis2016 --root /data/DAVIS

The box is that of the annotation. The three points lie on the object: the deepest pixel, then twice
the deep pixel that is farthest from the points before.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from storage.datasets.prompts.grab_cut import Box, Point, object_mask
from storage.datasets.readers.catalog import open_dataset

DEEP = 0.5
"""Depth of a point that counts as deep, relative to that of the deepest one."""


def box_of(mask: NDArray[np.bool_]) -> Box:
    """The smallest box around a mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def points_of(mask: NDArray[np.bool_], count: int = 3) -> list[Point]:
    """Pixels on an object, far from its edge and from each other."""
    padded = np.pad(mask, 1).astype(np.uint8)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    rows, columns = np.nonzero(depth >= DEEP * depth.max())
    deepest = np.unravel_index(int(depth.argmax()), depth.shape)
    chosen = [(int(deepest[1]), int(deepest[0]))]
    while len(chosen) < count:
        far = np.min([(columns - x) ** 2 + (rows - y) ** 2 for x, y in chosen], axis=0)
        place = int(far.argmax())
        chosen.append((int(columns[place]), int(rows[place])))
    return [Point(x, y, True) for x, y in chosen]


def iou(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    """Intersection over union."""
    return float((found & true).sum() / (found | true).sum())


def measured(frame: NDArray[np.uint8], mask: NDArray[np.bool_]) -> dict[str, float]:
    """IoU by each kind of prompt, and the mean seconds for one mask."""
    box, points = box_of(mask), points_of(mask)
    prompts: dict[str, tuple[Any, list[Point]]] = {
        "box": (box, []),
        "one point": (None, points[:1]),
        "points": (None, points),
        "box and points": (box, points),
    }
    began = time.process_time()
    scores = {name: iou(object_mask(frame, *prompt) > 0, mask) for name, prompt in prompts.items()}
    return {**scores, "CPU seconds": (time.process_time() - began) / len(prompts)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="davis2016")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--split", default="val")
    arguments = parser.parse_args()
    rows = []
    for video in open_dataset(arguments.dataset, arguments.root, arguments.split):
        labels = video.label_map(0)
        if labels is None:
            continue
        for object_id in sorted(set(np.unique(labels).tolist()) - {0, 255}):
            found = measured(video.frame(0), labels == object_id)
            rows.append(found)
            if len(rows) == 1:
                print(f"| object | {' | '.join(found)} |", flush=True)
                print("|---" * (len(found) + 1) + "|")
            values = " | ".join(f"{value:.3f}" for value in found.values())
            print(f"| {video.name}/{object_id} | {values} |", flush=True)
    means = " | ".join(f"{np.mean([row[name] for row in rows]):.3f}" for name in rows[0])
    print(f"| mean of {len(rows)} | {means} |")


if __name__ == "__main__":
    main()
