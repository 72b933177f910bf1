"""Which videos the parent is trained on; never chosen in silence."""

import dataclasses
from collections.abc import Sequence

from flows.plan.parameters import BenchmarkParameters
from storage.datasets.source import SourceVideo
from storage.errors import StorageError
from storage.kinds.videos import working_size
from tasks.inputs.configuration import Configuration
from tasks.inputs.sources import SYNTHETIC, DatasetSpec, has_split, open_sources

_SPLIT = "train"


@dataclasses.dataclass(frozen=True)
class TrainingSet:
    """Videos to train on, and a sentence about them for the report."""

    spec: DatasetSpec
    sources: Sequence[SourceVideo]
    note: str


def training_for(
    parameters: BenchmarkParameters,
    configurations: Sequence[Configuration],
    spec: DatasetSpec,
    segmented: Sequence[SourceVideo],
) -> TrainingSet:
    """What the parents of a run are trained on; nothing where none is trained.

    Args:
        parameters: of the run.
        configurations: options per preset, the main one first.
        spec: the data set that is segmented.
        segmented: its videos.

    Raises:
        ParameterError, DatasetError: see `choose_training_set`.
    """
    trains = any(configuration.preset.network is not None for configuration in configurations)
    if not trains or not parameters.reaches("train"):
        return TrainingSet(spec, [], "")
    if parameters.parent is not None:
        note = f"The parent was loaded, not trained: {parameters.parent}."
        return TrainingSet(spec, [], note)
    return choose_training_set(parameters, configurations[0], spec, segmented)


def choose_training_set(
    parameters: BenchmarkParameters,
    configuration: Configuration,
    spec: DatasetSpec,
    segmented: Sequence[SourceVideo],
) -> TrainingSet:
    """The train split of the data set, or the generated one where there is none.

    Args:
        parameters: name the part of the split, and the resolution.
        configuration: options of the generated data set.
        spec: the data set that is segmented.
        segmented: its videos, which give the generated ones their size.

    Raises:
        ParameterError, DatasetError: unknown videos, or what the reader found wrong.
    """
    if has_split(spec, _SPLIT):
        spec = dataclasses.replace(spec, split=_SPLIT)
        why = ""
    else:
        options = configuration.synthetic
        # One's own videos share a parent, whatever their sizes: else each would train another.
        if "synthetic.size" not in configuration.overrides and spec.masks is None:
            size = _working_size(segmented, parameters.resolution, options.size)
            options = dataclasses.replace(options, size=size)
        why = f", because {spec.name} at {spec.root} has no train split"
        spec = DatasetSpec(SYNTHETIC, split=_SPLIT, synthetic=options)
    wanted = parameters.train_videos
    if isinstance(wanted, tuple):
        sources = open_sources(spec, wanted)
        part = f"{len(sources)} named videos"
    else:
        every = open_sources(spec)
        sources = every if wanted is None else every[:wanted]
        some = f"the first {len(sources)} of {len(every)}"
        part = f"{'all ' + str(len(every)) if len(sources) == len(every) else some} videos"
    note = f"The parent was trained on {part} of the {spec.name} {_SPLIT} split{why}."
    return TrainingSet(spec, sources, note)


def _working_size(
    segmented: Sequence[SourceVideo], short_side: int | None, default: tuple[int, int]
) -> tuple[int, int]:
    """Size of the first video that can be read, as it will be in the store."""
    for source in segmented:
        try:
            height, width = source.frame(0).shape[:2]
        except StorageError:
            continue  # it fails by itself, when its turn comes
        return working_size((height, width), short_side)
    return default
