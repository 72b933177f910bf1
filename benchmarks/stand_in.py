"""Replaces units in benchmarks that measure everything else; Dask workers preload it.

Every unit waits as if for a GPU, or works on the CPU, and writes the smallest artifact that the
next stage accepts. Nothing of this is known to the product.

    MASKRNN_STAND_IN_SECONDS   how long a unit waits
    MASKRNN_STAND_IN_LOOPS     how many times it goes through `work`, instead
"""

import os
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from storage.store.artifacts import ArtifactStore

OBJECTS = (1, 2, 3)
FRAMES = 2
KINDS = {
    "ingest": "videos",
    "flow": "flow",
    "finetune": "finetuned",
    "segment": "predictions",
    "evaluate": "evaluations",
}
"""What the unit of every module of `tasks.units` writes."""


def work(loops: int) -> int:
    """CPU-bound, in Python alone; the same work for the same number, whatever the machine does."""
    value = 1
    for _ in range(loops):
        value = (value * 1103515245 + 12345) & 0x7FFFFFFF
    return value


def stand_in(stage: str) -> Callable[..., None]:
    """A unit that does next to nothing."""

    def unit(store_url: str, key: str, *args: Any) -> None:
        loops = int(os.environ.get("MASKRNN_STAND_IN_LOOPS", "0"))
        if loops:
            work(loops)
        else:
            time.sleep(float(os.environ["MASKRNN_STAND_IN_SECONDS"]))
        with ArtifactStore(store_url).create(KINDS[stage], key) as writer:
            if stage == "finetune":
                writer.put_json("curve.json", [])
            if stage == "ingest":
                writer.metadata = {
                    "name": args[1],
                    "content_digest": key,
                    "objects": OBJECTS,
                    "first_frames": [0 for _ in OBJECTS],
                    "frame_names": [f"{index:05}" for index in range(FRAMES)],
                    "frame_count": FRAMES,
                }

    return unit


def archive_row(store_url: str, key: str, clip: Any, *args: Any) -> Any:
    """In place of `segment_stream`: waits, and notes in MASKRNN_STAND_IN_LOG that it did."""
    from tasks.units.stream import StreamFigures

    time.sleep(float(os.environ["MASKRNN_STAND_IN_SECONDS"]))
    with ArtifactStore(store_url).create("predictions", key):
        pass
    if file := os.environ.get("MASKRNN_STAND_IN_LOG"):
        log = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(log, f"{clip.name}\n".encode())  # one call: lines of two processes do not mix
        os.close(log)
    return StreamFigures(FRAMES, 0, len(OBJECTS), 1, {"segment": 0.0}, None)


def stored_row(store: Any, key: str) -> Any:
    """In place of `stored_figures`."""
    from tasks.units.stream import StreamFigures

    return StreamFigures(FRAMES, FRAMES, len(OBJECTS), 1, {}, None)


def dask_setup(worker: object) -> None:
    """Called by Dask when a worker starts."""
    stream: Any = import_module("tasks.units.stream")
    stream.segment_stream, stream.stored_figures = archive_row, stored_row
    for stage in KINDS:
        name = "estimate_flow" if stage == "flow" else stage
        setattr(import_module(f"tasks.units.{stage}"), name, stand_in(stage))
