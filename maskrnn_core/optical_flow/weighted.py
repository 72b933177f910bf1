"""Estimators by name that need weights. The caller reads the weights, as the core uses no paths."""

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
"""Factory by name; it takes weights (the bytes of a file, or an open file) and compute."""


def build_weighted_estimator(name: str, source: Weights, compute: Compute) -> FlowEstimator:
    """Build the estimator called `name` with the weights in `source`.

    Raises:
        InvalidInputError: the name is not in `WEIGHTED_ESTIMATORS`.
        IncompatibleWeightsError: the weights are damaged or belong to another network.
    """
    factory = WEIGHTED_ESTIMATORS.get(name)
    if factory is None:
        raise InvalidInputError(
            f"{name!r} is no flow estimator with weights: choose one of "
            f"{', '.join(sorted(WEIGHTED_ESTIMATORS))}"
        )
    return factory(source, compute)
