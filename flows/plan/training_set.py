"""Chooses the videos to train the parent on, and states the choice in a note."""

import dataclasses
from collections.abc import Sequence

from flows.plan.parameters import BenchmarkParameters
from storage.datasets.source import SourceVideo
from storage.errors import StorageError
from storage.kinds.videos import working_size
from tasks.inputs.configuration import Configuration
from tasks.inputs.generated import SYNTHETIC
from tasks.inputs.sources import DatasetSpec, has_split, open_sources

_SPLIT = "train"


@dataclasses.dataclass(frozen=True)
class TrainingSet:
    """The videos to train on, and a sentence about them for the report."""

    spec: DatasetSpec
    sources: Sequence[SourceVideo]
    note: str


def training_for(
    parameters: BenchmarkParameters,
    configurations: Sequence[Configuration],
    spec: DatasetSpec,
    segmented: Sequence[SourceVideo],
) -> TrainingSet:
    """Return what the parents of a run are trained on; no videos if none is trained.

    Args:
        parameters: the parameters of the run.
        configurations: options per preset, the main one first.
        spec: the data set to segment.
        segmented: its videos.

    Raises:
        ParameterError, DatasetError: see `choose_training_set`.
    """
    trains = any(configuration.preset.trains_offline for configuration in configurations)
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
    """Return the train split of the data set, or the generated data set if there is no split.

    Args:
        parameters: name the part of the split, and the resolution.
        configuration: options of the generated data set.
        spec: the data set to segment.
        segmented: its videos; the generated videos get their size.

    Raises:
        ParameterError, DatasetError: unknown videos, or a fault that the reader found.
    """
    if has_split(spec, _SPLIT):
        spec = dataclasses.replace(spec, split=_SPLIT)
        why = ""
    else:
        options = configuration.synthetic
        # Videos of users share a parent whatever their size; otherwise each would train its own.
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
    """Return the size that the first readable video will have in the store."""
    for source in segmented:
        try:
            height, width = source.frame(0).shape[:2]
        except StorageError:
            continue  # the video fails by itself in its turn
        return working_size((height, width), short_side)
    return default
