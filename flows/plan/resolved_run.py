"""A run resolved: all that follows from its parameters and its data set, found out once."""

from collections.abc import Sequence
from dataclasses import dataclass

from flows.plan.configurations import all_configurations
from flows.plan.parameters import BenchmarkParameters
from flows.plan.training_set import TrainingSet, training_for
from storage.datasets.source import SourceVideo
from tasks.inputs.configuration import Configuration
from tasks.inputs.flow_method import FlowMethod, flow_method
from tasks.inputs.sources import DatasetSpec, open_sources
from tasks.plan.run_order import Training, in_order, trainings
from tasks.scores.scoring import protocol_of


@dataclass(frozen=True)
class ResolvedRun:
    """What the checks, the plan and the pipeline of a run work from.

    Args:
        parameters: of the run.
        configurations: options per preset, the main one first.
        data: the split that is segmented.
        sources: its videos, in the order of the data set.
        training: what the parents are trained on; without videos where none is trained.
        flow: how optical flow is estimated.
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
        """The configurations that have a network, and so need a parent."""
        return [c for c in self.configurations if c.preset.network is not None]

    @property
    def segmenting(self) -> list[Configuration]:
        """The configurations that segment the videos, in order; none if the run ends before."""
        return in_order(self.configurations) if self.parameters.reaches("segment") else []

    @property
    def trainings(self) -> list[Training]:
        """The parents that the run trains, in order; none where it ends before or is given one."""
        trains = self.parameters.reaches("train") and self.parameters.parent is None
        return trainings(self.configurations) if trains else []

    @property
    def protocol(self) -> str | None:
        """Name of the evaluation's protocol; None for a run that ends before the evaluation."""
        parameters = self.parameters
        return protocol_of(parameters.dataset) if parameters.reaches("evaluate") else None


def resolve(parameters: BenchmarkParameters) -> ResolvedRun:
    """Read the data set's lists of videos and everything else that parameters refer to.

    Raises:
        ParameterError: an unknown preset, option, data set or estimator.
        DatasetError: what the reader found wrong; names the file and the cure.
    """
    configurations = all_configurations(parameters)
    main = configurations[0]
    data = DatasetSpec(
        parameters.dataset, parameters.root, parameters.split, main.synthetic, parameters.masks
    )
    flow = flow_method(parameters.flow, parameters.flow_weights)
    sources = open_sources(data, parameters.videos)
    training = training_for(parameters, configurations, data, sources)
    return ResolvedRun(parameters, configurations, data, sources, training, flow)
