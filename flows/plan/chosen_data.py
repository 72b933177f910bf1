"""The data set that a run works on, from its parameters."""

from flows.plan.parameters import BenchmarkParameters
from tasks.inputs.configuration import Configuration
from tasks.inputs.sources import DatasetSpec


def chosen_data(parameters: BenchmarkParameters, main: Configuration) -> DatasetSpec:
    """The split to segment.

    Args:
        parameters: of the run.
        main: its first configuration, which has the options of the generated data set.
    """
    return DatasetSpec(
        parameters.dataset, parameters.root, parameters.split, main.synthetic, parameters.masks
    )
