"""Defines the parameters of the flows that end after one stage."""

from typing import ClassVar, Self

from flows.plan.parameters import (
    BenchmarkParameters,
    DataFields,
    FlowFields,
    MachineFields,
    RunFields,
    SegmentFields,
    Stage,
    TrainFields,
    preset_field,
)
from tasks.inputs.default_preset import FROM_PARENT


class _StageParameters(RunFields, MachineFields):
    """Parameters of a flow that ends after one stage."""

    last: ClassVar[Stage]

    @classmethod
    def of(cls, parameters: BenchmarkParameters) -> Self:
        """Return the part of a benchmark's parameters that this flow uses."""
        return cls(**parameters.model_dump(include=set(cls.model_fields)))

    def benchmark(self) -> BenchmarkParameters:
        """Return the parameters of the benchmark that ends after this stage."""
        return BenchmarkParameters(**self.model_dump(), compare=(), until=self.last)

    @property
    def run_name(self) -> str:
        """The run's id."""
        return self.benchmark().run_name


class IngestParameters(_StageParameters, DataFields):
    """Parameters for copying videos into the store."""

    last: ClassVar[Stage] = "ingest"


class PrecomputeFlowParameters(_StageParameters, FlowFields):
    """Parameters for estimating optical flow of videos."""

    last: ClassVar[Stage] = "flow"


class TrainParameters(_StageParameters, TrainFields):
    """Parameters for training a parent network."""

    last: ClassVar[Stage] = "train"
    preset: str = preset_field(FROM_PARENT)


class SegmentParameters(_StageParameters, SegmentFields):
    """Parameters for segmenting videos."""

    last: ClassVar[Stage] = "segment"
