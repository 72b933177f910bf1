"""Estimators by name."""

from collections.abc import Callable
from typing import Literal

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow.estimator import FlowEstimator
from maskrnn_core.optical_flow.opencv import DIS, Farneback
from maskrnn_core.options import ComputeOptions


def _pretrained_raft(size: Literal["small", "large"]) -> FlowEstimator:
    # torch and torchvision load only when a network is built, not to look up a name.
    from maskrnn_core.compute import resolve_compute
    from maskrnn_core.optical_flow.raft import RAFT

    return RAFT.pretrained(size, resolve_compute(ComputeOptions()))


FLOW_ESTIMATORS: dict[str, Callable[[], FlowEstimator]] = {
    "dis": lambda: DIS("medium"),
    "dis-fast": lambda: DIS("fast"),
    "dis-ultrafast": lambda: DIS("ultrafast"),
    "farneback": Farneback,
    "raft-small": lambda: _pretrained_raft("small"),
    "raft-large": lambda: _pretrained_raft("large"),
}
"""Factory by name; a factory imports its method only when it is called.

RAFT uses torchvision's published weights. FlowNet2 needs weights from the user: see `weighted`.
"""


def build_estimator(name: str) -> FlowEstimator:
    """Build the estimator called `name`.

    Raises:
        InvalidInputError: the name is not in the registry; the message lists the names.
    """
    factory = FLOW_ESTIMATORS.get(name)
    if factory is None:
        raise InvalidInputError(
            f"unknown flow estimator {name!r}: choose one of {', '.join(sorted(FLOW_ESTIMATORS))}"
        )
    return factory()
