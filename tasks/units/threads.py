"""CPU threads of a unit, as its worker knows them."""

import dataclasses
import os

from maskrnn_core.options import ComputeOptions
from tasks.resources import UNIT_THREADS, this_machine


def whole_machine(compute: ComputeOptions) -> ComputeOptions:
    """For a unit that runs alone: all cores, unless a number was asked for."""
    return _with_threads(compute, this_machine().cores)


def shared_machine(compute: ComputeOptions) -> ComputeOptions:
    """For a unit beside others: its share of the cores, unless a number was asked for."""
    share = os.environ.get(UNIT_THREADS)
    return _with_threads(compute, int(share) if share else None)


def _with_threads(compute: ComputeOptions, threads: int | None) -> ComputeOptions:
    if compute.threads is not None:
        return compute
    return dataclasses.replace(compute, threads=threads)
