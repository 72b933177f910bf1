"""Defines flows that end after one stage, for users who schedule the stages themselves."""

from typing import Any

from prefect.client.schemas.objects import State

from flows.plan.parameters import BenchmarkParameters, RunFields
from flows.plan.stage_parameters import (
    IngestParameters,
    PrecomputeFlowParameters,
    SegmentParameters,
    TrainParameters,
)
from flows.runs.driver import benchmark, checked_run, final_state, pipeline_flow
from flows.runs.whole_run import carry_out


@pipeline_flow("ingest")
def ingest(parameters: IngestParameters) -> State[Any]:
    """Copy the videos of a data set into the store."""
    return final_state(carry_out(checked_run(parameters, parameters.benchmark())))


@pipeline_flow("precompute-flow")
def precompute_flow(parameters: PrecomputeFlowParameters) -> State[Any]:
    """Ingest videos, then estimate optical flow in both directions."""
    return final_state(carry_out(checked_run(parameters, parameters.benchmark())))


@pipeline_flow("train")
def train(parameters: TrainParameters) -> State[Any]:
    """Train a parent network on the train split or a part of it."""
    return final_state(carry_out(checked_run(parameters, parameters.benchmark())))


@pipeline_flow("segment")
def segment(parameters: SegmentParameters) -> State[Any]:
    """Segment videos and write the label maps as palette PNG."""
    return final_state(carry_out(checked_run(parameters, parameters.benchmark())))


def flow_for(parameters: BenchmarkParameters) -> tuple[Any, RunFields]:
    """Return the flow that ends with the last requested stage, and the parameters for it."""
    match parameters.until:
        case "ingest":
            return ingest, IngestParameters.of(parameters)
        case "flow":
            return precompute_flow, PrecomputeFlowParameters.of(parameters)
        case "train":
            return train, TrainParameters.of(parameters)
        case "segment":
            return segment, SegmentParameters.of(parameters)
        case _:
            return benchmark, parameters
