"""Chooses the number of CPU threads of a unit, from what its worker knows."""

import dataclasses
import os

from maskrnn_core.options import ComputeOptions
from tasks.machine.resources import UNIT_THREADS, this_machine


def whole_machine(compute: ComputeOptions) -> ComputeOptions:
    """Options for a unit that runs alone: all cores but the one that reads ahead, unless a number
    is given; the unit's processes share them.

    On two cores a training step took 0.16 s with one thread and 0.18 to 0.32 s with two: threads
    that wait for each other lose more to the reader than a second thread gains.
    """
    return _with_threads(compute, max(1, (this_machine().cores - 1) // compute.processes))


def shared_machine(compute: ComputeOptions) -> ComputeOptions:
    """Options for a unit that runs beside others: its share of the cores, unless a number is
    given."""
    share = os.environ.get(UNIT_THREADS)
    return _with_threads(compute, int(share) if share else None)


def _with_threads(compute: ComputeOptions, threads: int | None) -> ComputeOptions:
    if compute.threads is not None:
        return compute
    return dataclasses.replace(compute, threads=threads)
