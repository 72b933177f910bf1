"""CPU threads of a unit, as its worker knows them."""

import dataclasses
import os

from maskrnn_core.options import ComputeOptions
from tasks.machine.resources import UNIT_THREADS, this_machine


def whole_machine(compute: ComputeOptions) -> ComputeOptions:
    """For a unit that runs alone: all cores but the one that reads ahead, unless asked for; shared
    among the unit's processes.

    On two cores two threads took 0.18 to 0.32 s a training step where one took 0.16 s: threads that
    wait for each other lose more to the reader than a second one gains.
    """
    return _with_threads(compute, max(1, (this_machine().cores - 1) // compute.processes))


def shared_machine(compute: ComputeOptions) -> ComputeOptions:
    """For a unit beside others: its share of the cores, unless a number was asked for."""
    share = os.environ.get(UNIT_THREADS)
    return _with_threads(compute, int(share) if share else None)


def _with_threads(compute: ComputeOptions, threads: int | None) -> ComputeOptions:
    if compute.threads is not None:
        return compute
    return dataclasses.replace(compute, threads=threads)
