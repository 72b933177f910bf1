"""Estimators by name that need weights which the caller reads; the core knows no paths."""

from collections.abc import Callable, Mapping
from typing import IO

from maskrnn_core.compute import Compute
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow.estimator import FlowEstimator
from maskrnn_core.optical_flow.flownet2.checkpoint import load_flownet2
from maskrnn_core.optical_flow.flownet2.estimator import FlowNet2Estimator
from maskrnn_core.optical_flow.flownet2.variants import VARIANTS
from maskrnn_core.optical_flow.raft import RAFT

Weights = bytes | IO[bytes]


def _flownet2(variant: str) -> Callable[[Weights, Compute], FlowEstimator]:
    return lambda source, compute: FlowNet2Estimator(
        load_flownet2(source, variant=variant), compute
    )


WEIGHTED_ESTIMATORS: Mapping[str, Callable[[Weights, Compute], FlowEstimator]] = {
    **{variant.lower(): _flownet2(variant) for variant in VARIANTS},
    "raft-small": lambda source, compute: RAFT.load("small", source, compute),
    "raft-large": lambda source, compute: RAFT.load("large", source, compute),
}
"""Name to a function of weights (the bytes of a file, or an open one) and compute."""


def build_weighted_estimator(name: str, source: Weights, compute: Compute) -> FlowEstimator:
    """The estimator called `name` with the weights in `source`.

    Raises:
        InvalidInputError: for a name that is not in `WEIGHTED_ESTIMATORS`.
        IncompatibleWeightsError: damaged weights, or those of another network.
    """
    factory = WEIGHTED_ESTIMATORS.get(name)
    if factory is None:
        raise InvalidInputError(
            f"unknown flow estimator {name!r}: with weights there are "
            f"{', '.join(sorted(WEIGHTED_ESTIMATORS))}"
        )
    return factory(source, compute)
