"""The table of optical flow estimators. A new one is a module of its own and one entry here.

Reading the table loads no estimator's libraries: an entry imports its module when it builds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Literal

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow.estimator import FlowEstimator
from maskrnn_core.optical_flow.opencv import DIS, DISPreset, Farneback
from maskrnn_core.options import ComputeOptions

Weights = bytes | IO[bytes]
"""Content of a file with weights, or the open file; the core knows no paths."""


@dataclass(frozen=True)
class EstimatorEntry:
    """What is known of an estimator before it is built.

    Args:
        name: how runs name it, and it names itself.
        build: makes it from weights and compute options. It gets None for weights when it takes
            none, or shall fetch the published ones.
        weight_files: names, without suffix, under which its weights were published; a file named
            after the estimator is found too. None for a method that takes no weights.
        downloadable: whether `build` can fetch the published weights, into torch's cache.
        resource: what it needs of a worker.
    """

    name: str
    build: Callable[[Weights | None, ComputeOptions], FlowEstimator]
    weight_files: tuple[str, ...] | None = None
    downloadable: bool = False
    resource: Literal["CPU", "GPU"] = "CPU"

    @property
    def takes_weights(self) -> bool:
        """Whether it is a network, whose weights must be found before it is built."""
        return self.weight_files is not None


def _dis(name: str, preset: DISPreset) -> EstimatorEntry:
    return EstimatorEntry(name, lambda weights, compute: DIS(preset))


def _flownet2(variant: str, *published: str) -> EstimatorEntry:
    def build(weights: Weights | None, compute: ComputeOptions) -> FlowEstimator:
        from maskrnn_core.compute import resolve_compute
        from maskrnn_core.optical_flow.flownet2.checkpoint import load_flownet2
        from maskrnn_core.optical_flow.flownet2.estimator import FlowNet2Estimator

        if weights is None:
            raise InvalidInputError(f"{variant} needs weights: give the content of a checkpoint")
        network = load_flownet2(weights, variant=variant)
        return FlowNet2Estimator(network, resolve_compute(compute))

    return EstimatorEntry(variant.lower(), build, published, resource="GPU")


def _raft(size: Literal["small", "large"], *published: str) -> EstimatorEntry:
    def build(weights: Weights | None, compute: ComputeOptions) -> FlowEstimator:
        from maskrnn_core.compute import resolve_compute
        from maskrnn_core.optical_flow.raft import RAFT

        resolved = resolve_compute(compute)
        if weights is None:
            return RAFT.pretrained(size, resolved)
        return RAFT.load(size, weights, resolved)

    return EstimatorEntry(f"raft-{size}", build, published, downloadable=True, resource="GPU")


_ENTRIES = (
    _dis("dis", "medium"),
    _dis("dis-fast", "fast"),
    _dis("dis-ultrafast", "ultrafast"),
    EstimatorEntry("farneback", lambda weights, compute: Farneback()),
    _flownet2("FlowNet2", "FlowNet2_checkpoint"),
    _flownet2("FlowNet2C", "FlowNet2-C_checkpoint"),
    _flownet2("FlowNet2CS", "FlowNet2-CS_checkpoint"),
    _flownet2("FlowNet2CSS", "FlowNet2-CSS_checkpoint", "FlowNet2-CSS-ft-sd_checkpoint"),
    _flownet2("FlowNet2S", "FlowNet2-S_checkpoint"),
    _flownet2("FlowNet2SD", "FlowNet2-SD_checkpoint"),
    _raft("small", "raft_small_C_T_V2-01064c6d"),
    _raft("large", "raft_large_C_T_SKHT_V2-ff5fadd5"),
)

FLOW_ESTIMATORS: Mapping[str, EstimatorEntry] = {entry.name: entry for entry in _ENTRIES}


def estimator_entry(name: str) -> EstimatorEntry:
    """The entry of an estimator.

    Raises:
        InvalidInputError: for a name that is not in the table; the message lists the names.
    """
    entry = FLOW_ESTIMATORS.get(name)
    if entry is None:
        raise InvalidInputError(
            f"unknown flow estimator {name!r}: choose one of {', '.join(sorted(FLOW_ESTIMATORS))}"
        )
    return entry


def build_estimator(
    name: str,
    weights: Weights | None = None,
    compute: ComputeOptions = ComputeOptions(),  # noqa: B008 (frozen)
) -> FlowEstimator:
    """The estimator called `name`.

    Args:
        name: of an entry.
        weights: of a network; None fetches the published ones of an entry that is downloadable.
        compute: device and precision of a network.

    Raises:
        InvalidInputError: an unknown name, or no weights where some must be given.
        IncompatibleWeightsError: damaged weights, or those of another network.
        OSError: published weights that are not in torch's cache and cannot be fetched.
    """
    return estimator_entry(name).build(weights, compute)
