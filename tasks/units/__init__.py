"""Holds the units of work, plain functions that run on a worker, read artifacts and write one.

Each takes the store's URL and the key of its artifact, and returns at once if that exists.
Processes exchange addresses, never frames or weights.
"""

from tasks.units.evaluate import EVALUATIONS, evaluate
from tasks.units.finetune import finetune
from tasks.units.flow import estimate_flow
from tasks.units.ingest import ingest
from tasks.units.segment import segment
from tasks.units.stream import StreamFigures, segment_stream
from tasks.units.train import train

__all__ = [
    "EVALUATIONS",
    "StreamFigures",
    "estimate_flow",
    "evaluate",
    "finetune",
    "ingest",
    "segment",
    "segment_stream",
    "train",
]
