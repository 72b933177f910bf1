"""Parameters of the flows that end after one stage."""

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
)


class _StageParameters(RunFields, MachineFields):
    """Parameters of a flow that ends after one stage."""

    last: ClassVar[Stage]

    @classmethod
    def of(cls, parameters: BenchmarkParameters) -> Self:
        """The part of a benchmark's parameters that this flow takes."""
        return cls(**parameters.model_dump(include=set(cls.model_fields)))

    def benchmark(self) -> BenchmarkParameters:
        """The same as a benchmark that ends early."""
        return BenchmarkParameters(**self.model_dump(), compare=(), until=self.last)

    @property
    def run_name(self) -> str:
        """The run's id."""
        return self.benchmark().run_name


class IngestParameters(_StageParameters, DataFields):
    """Videos to bring into the store."""

    last: ClassVar[Stage] = "ingest"


class PrecomputeFlowParameters(_StageParameters, FlowFields):
    """Videos to estimate optical flow of."""

    last: ClassVar[Stage] = "flow"


class TrainParameters(_StageParameters, TrainFields):
    """A parent network to train."""

    last: ClassVar[Stage] = "train"


class SegmentParameters(_StageParameters, SegmentFields):
    """Videos to segment."""

    last: ClassVar[Stage] = "segment"
