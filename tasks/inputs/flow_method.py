"""Defines an optical flow estimator as a run names it: a method and a network's weights, if any."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from maskrnn_core.digest import stable_digest
from maskrnn_core.errors import IncompatibleWeightsError
from maskrnn_core.optical_flow.registry import (
    FLOW_ESTIMATORS,
    build_estimator,
    estimator_entry,
)
from maskrnn_core.options import ComputeOptions
from tasks.errors import ParameterError
from tasks.inputs.flow_weights import find_weights
from tasks.machine.resources import Resource

if TYPE_CHECKING:
    from maskrnn_core.optical_flow.estimator import FlowEstimator


@dataclass(frozen=True)
class FlowMethod:
    """Names an estimator; small, so that units build the estimator on their worker.

    Args:
        name: name of the estimator.
        weights: file with the weights of a network; None for a method that needs none.
        digest: identity of everything that changes the optical flow; with weights, it includes
            the sha256 of their file, which is compared again on the worker.
        file_digest: that sha256; empty without weights.
    """

    name: str
    weights: str | None
    digest: str
    file_digest: str = ""

    @property
    def resource(self) -> Resource:
        """The resource that the estimator needs on a worker."""
        return estimator_entry(self.name).resource

    def build(self, compute: ComputeOptions) -> "FlowEstimator":
        """Build the estimator.

        Raises:
            ParameterError: the weights cannot be read, or the file has changed.
            IncompatibleWeightsError: they are damaged, or belong to another network.
        """
        if self.weights is None:
            return build_estimator(self.name, None, compute)
        content = _read(self.weights)
        if hashlib.sha256(content).hexdigest() != self.file_digest:
            raise ParameterError(
                f"the flow weights {self.weights} have changed since the run began, or differ on "
                "another machine: give all workers the same file and run again"
            )
        try:
            return build_estimator(self.name, content, compute)
        except IncompatibleWeightsError as error:
            raise IncompatibleWeightsError(f"flow weights {self.weights}: {error}") from error


def flow_method(name: str, weights: str | None = None) -> FlowMethod:
    """Return the method called `name`, with its weights found.

    Args:
        name: an estimator.
        weights: file with its weights; None searches where `find_weights` does.

    Raises:
        ParameterError: an unknown estimator (the message lists the known ones), or weights that
            are missing, or given for a method without any.
    """
    if name not in FLOW_ESTIMATORS:
        names = ", ".join(sorted(FLOW_ESTIMATORS))
        raise ParameterError(f"unknown flow estimator {name!r}: choose one of {names}")
    entry = FLOW_ESTIMATORS[name]
    if not entry.takes_weights:
        if weights is not None:
            raise ParameterError(
                f"the flow estimator {name} takes no weights: remove --flow-weights, or choose "
                f"one of {', '.join(n for n, network in known_estimators().items() if network)}"
            )
        return FlowMethod(name, None, build_estimator(name).digest)
    file = find_weights(name) if weights is None else Path(weights)
    if file is None and entry.downloadable:
        file = _published(name)
    if file is None:
        raise ParameterError(
            f"the flow estimator {name} needs weights: give their file with --flow-weights, or put "
            "it where `maskrnn doctor` lists; docs/optical-flow.md explains how to obtain them"
        )
    digest = _file_digest(str(file.absolute()), *_state(file))
    return FlowMethod(name, str(file.absolute()), network_digest(name, digest), digest)


def network_digest(name: str, file_digest: str) -> str:
    """Return a network's identity, from its weights' file; the device does not belong to it."""
    return stable_digest({"estimator": name, "weights": file_digest})


def _published(name: str) -> Path | None:
    """Return the published weights, downloaded into torch's cache."""
    try:
        build_estimator(name)
    except (OSError, RuntimeError) as error:
        raise ParameterError(
            f"the weights of {name} are not on this machine and cannot be downloaded ({error}): "
            "give a file with --flow-weights, or put it where `maskrnn doctor` lists"
        ) from None
    return find_weights(name)


def known_estimators() -> Mapping[str, bool]:
    """Return all estimators by name, and whether each needs weights."""
    return {name: FLOW_ESTIMATORS[name].takes_weights for name in sorted(FLOW_ESTIMATORS)}


@lru_cache(maxsize=16)
def _file_digest(file: str, size: int, changed: int) -> str:
    return hashlib.sha256(_read(file)).hexdigest()


def _state(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except OSError as error:
        raise _unreadable(str(file), error) from None
    return status.st_size, status.st_mtime_ns


def _read(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise _unreadable(file, error) from None


def _unreadable(file: str, error: OSError) -> ParameterError:
    return ParameterError(
        f"cannot read the flow weights {file} ({error.strerror}): give the file of a checkpoint"
    )
