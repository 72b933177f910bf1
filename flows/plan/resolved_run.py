"""Resolves a run: determines once all that follows from its parameters and its data set."""

from collections.abc import Sequence
from dataclasses import dataclass

from flows.plan.configurations import all_configurations
from flows.plan.parameters import BenchmarkParameters
from flows.plan.training_set import TrainingSet, training_for
from storage.datasets.source import SourceVideo
from tasks.errors import ParameterError
from tasks.given import GivenSpec
from tasks.inputs.configuration import Configuration
from tasks.inputs.flow_method import FlowMethod, flow_method
from tasks.inputs.sources import DatasetSpec, open_sources
from tasks.machine.store_fault import store_fault
from tasks.plan.run_order import Training, in_order, trainings
from tasks.scores.scoring import protocol_of


@dataclass(frozen=True)
class ResolvedRun:
    """A resolved run, the input of its checks, its plan and its pipeline.

    Args:
        parameters: the parameters of the run.
        configurations: options per preset, the main one first.
        data: the split to segment.
        sources: its videos, in the order of the data set.
        training: what the parents are trained on; has no videos if none is trained.
        flow: how to estimate optical flow.
    """

    parameters: BenchmarkParameters
    configurations: Sequence[Configuration]
    data: DatasetSpec
    sources: Sequence[SourceVideo]
    training: TrainingSet
    flow: FlowMethod

    @property
    def main(self) -> Configuration:
        """The configuration that the others are compared with."""
        return self.configurations[0]

    @property
    def with_network(self) -> list[Configuration]:
        """The configurations that have a network and therefore need a parent."""
        return [c for c in self.configurations if c.preset.network is not None]

    @property
    def segmenting(self) -> list[Configuration]:
        """The configurations that segment the videos, in order; none if the run ends earlier."""
        return in_order(self.configurations) if self.parameters.reaches("segment") else []

    @property
    def trainings(self) -> list[Training]:
        """The parents to train, in order; none if the run ends earlier or is given a parent."""
        trains = self.parameters.reaches("train") and self.parameters.parent is None
        return trainings(self.configurations) if trains else []

    @property
    def needs_no_workers(self) -> bool:
        """Whether worker processes would only delay the run.

        This is so for one video without a network, unless workers or time limits were asked for.
        A tracker of another package gets a process of its own.
        """
        asked = self.parameters
        named = asked.workers or asked.dask_address or asked.cluster or asked.timeouts
        has_tracker = any(c.preset.tracker is not None for c in self.configurations)
        is_light = not (self.with_network or has_tracker) and self.flow.resource == "CPU"
        return is_light and len(self.sources) == 1 and not named

    @property
    def given(self) -> GivenSpec:
        """Which masks of the videos to segment are given."""
        return GivenSpec(self.data.masks is not None, self.parameters.correction)

    @property
    def protocol(self) -> str | None:
        """Name of the evaluation protocol; None if the run ends before the evaluation."""
        parameters = self.parameters
        return protocol_of(parameters.dataset) if parameters.reaches("evaluate") else None


def resolve(parameters: BenchmarkParameters) -> ResolvedRun:
    """Read the data set's lists of videos and everything else that the parameters refer to.

    Raises:
        ParameterError: an unknown preset, option, data set or estimator, or a local store that
            cannot be written.
        DatasetError: the reader found a fault; names the file and what to do.
    """
    if fault := store_fault(parameters.store):
        raise ParameterError(f"{fault}; name a folder with --store or MASKRNN_STORE")
    configurations = all_configurations(parameters)
    main = configurations[0]
    data = DatasetSpec(
        parameters.dataset, parameters.root, parameters.split, main.synthetic, parameters.masks
    )
    flow = flow_method(parameters.flow, parameters.flow_weights)
    sources = open_sources(data, parameters.videos)
    training = training_for(parameters, configurations, data, sources)
    return ResolvedRun(parameters, configurations, data, sources, training, flow)
