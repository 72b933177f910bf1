"""Estimators by name."""

from collections.abc import Callable

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow.estimator import FlowEstimator
from maskrnn_core.optical_flow.opencv import DIS, Farneback

FLOW_ESTIMATORS: dict[str, Callable[[], FlowEstimator]] = {
    "dis": lambda: DIS("medium"),
    "dis-fast": lambda: DIS("fast"),
    "dis-ultrafast": lambda: DIS("ultrafast"),
    "farneback": Farneback,
}
"""Name to factory; a factory loads its method only when it is called."""


def build_estimator(name: str) -> FlowEstimator:
    """The estimator called `name`.

    Raises:
        InvalidInputError: for a name that is not in the registry; the message lists the names.
    """
    factory = FLOW_ESTIMATORS.get(name)
    if factory is None:
        raise InvalidInputError(
            f"unknown flow estimator {name!r}: choose one of {', '.join(sorted(FLOW_ESTIMATORS))}"
        )
    return factory()
