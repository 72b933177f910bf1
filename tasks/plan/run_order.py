"""Defines the order of a run once, for the code that executes it and the code that plans it.

A video's record has the stages that all presets share, then those of each preset in turn. The
record of a training video has only the shared stages, and a parent's record only its training. All
presets with a network wait for their parent; nothing else waits for another record.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from storage.kinds.checkpoints import FINETUNED
from storage.kinds.predictions import PREDICTIONS
from storage.runs.names import RecordName, Role, StageKind, StageName
from tasks import keys
from tasks.inputs.configuration import Configuration
from tasks.keys import PreparedVideo
from tasks.units import EVALUATIONS

TRAIN = StageName("train")


def shared_stages(role: Role, last: StageKind) -> tuple[StageName, ...]:
    """Return the stages of a video's record that all presets share, in order.

    Args:
        role: role of the record: "video" or "train".
        last: the stage with which the run ends.
    """
    if role == "video" and last in ("ingest", "train"):
        # A run that only trains does not process the videos to segment.
        return (StageName("ingest"),) if last == "ingest" else ()
    return StageName("ingest"), StageName("flow")


def in_order(configurations: Iterable[Configuration]) -> list[Configuration]:
    """Put configurations without a network first, because they need not wait for a parent."""
    return sorted(configurations, key=lambda c: c.preset.network is not None)


@dataclass(frozen=True)
class Training:
    """One parent to train.

    Args:
        configuration: the configuration of the preset that names the parent.
        presets: all presets that share it, because their networks and offline stages are equal.
        after: record of the parent of its static stage, if that is also trained; the recurrent
            stage starts from it.
    """

    configuration: Configuration
    presets: tuple[str, ...]
    after: RecordName | None

    @property
    def record(self) -> RecordName:
        """The record of this training in the ledger."""
        return RecordName("parent", self.configuration.preset.name)


def trainings(configurations: Iterable[Configuration]) -> list[Training]:
    """Return each parent that presets need once; static ones precede those that start from them."""
    shared: dict[str, list[Configuration]] = {}
    with_network = [c for c in configurations if c.preset.network is not None]
    for configuration in sorted(with_network, key=lambda c: c.preset.recurrent is not None):
        shared.setdefault(_offline_part(configuration), []).append(configuration)
    found = []
    for sharing in shared.values():
        first = sharing[0]
        static = dataclasses.replace(first.preset, recurrent=None)
        before = shared.get(_offline_part(dataclasses.replace(first, preset=static)), sharing)
        after = None if before is sharing else RecordName("parent", before[0].preset.name)
        found.append(Training(first, tuple(c.preset.name for c in sharing), after))
    return found


@dataclass(frozen=True, slots=True)
class PresetStage:
    """One stage of a video by one preset.

    Args:
        name: name of the stage.
        kind: kind of the artifact that it makes.
        key: key of the artifact; None while it depends on something that does not exist yet.
        serves: the only stage that needs the artifact: if that stage's artifact exists, this one
            need not be made. None for an artifact that is a result in itself.
    """

    name: StageName
    kind: str
    key: str | None
    serves: StageName | None = None


def preset_stages(
    video: PreparedVideo | None,
    parent: str | None,
    configuration: Configuration,
    protocol: str | None,
) -> list[PresetStage]:
    """Return the stages of a video by one preset: finetuning per object, inference, evaluation.

    Args:
        video: None if it is not in the store; finetuning then does not list its objects.
        parent: key of the parent; None if unknown, or without a network.
        configuration: the preset with its options.
        protocol: of the evaluation; None for no evaluation.
    """
    preset = configuration.preset
    weights: Mapping[int, str] = {}
    prediction = evaluation = None
    known = video is not None and (parent is not None or preset.network is None)
    if known and video is not None:
        weights = finetuned_keys(video, parent, configuration)
        prediction = keys.prediction_key(video, weights, preset, configuration.compute)
        evaluation = protocol and keys.evaluation_key(video, prediction, protocol)
    segment = StageName("segment", preset.name)
    stages = []
    if preset.network is not None and preset.finetune is not None:
        objects: list[tuple[int | None, str | None]] = [(None, None)]
        if known and video is not None:
            objects = [pair for pair in weights.items() if video.weights_kept(pair[0]) is None]
        stages = [
            PresetStage(StageName("finetune", preset.name, object_id), FINETUNED, key, segment)
            for object_id, key in objects
        ]
    stages.append(PresetStage(segment, PREDICTIONS, prediction))
    if protocol is not None:
        stages.append(PresetStage(StageName("evaluate", preset.name), EVALUATIONS, evaluation))
    return stages


def unneeded(
    stages: Sequence[PresetStage], exists: Callable[[str, str], bool]
) -> frozenset[StageName]:
    """Return stages that need not make their artifact, because what they serve already exists.

    Args:
        stages: the stages of one video by one preset.
        exists: whether the artifact of a kind and key is in the store.
    """
    served = {stage.serves for stage in stages}
    there = {
        stage.name
        for stage in stages
        if stage.name in served and stage.key is not None and exists(stage.kind, stage.key)
    }
    return frozenset(stage.name for stage in stages if stage.serves in there)


def finetuned_keys(
    video: PreparedVideo, parent: str | None, configuration: Configuration
) -> Mapping[int, str]:
    """Return the key of the weights per object: finetuned or the parent's; none without network."""
    preset, compute = configuration.preset, configuration.compute
    if preset.network is None or parent is None:
        return {}
    if preset.finetune is None:
        return dict.fromkeys(video.objects, parent)
    return {
        object_id: video.weights_kept(object_id)
        or keys.finetuned_key(video, object_id, parent, preset, compute)
        for object_id in video.objects
    }


def _offline_part(configuration: Configuration) -> str:
    """Return the digest of the options that determine the parent; equal digests share a parent."""
    return keys.parent_key([], configuration.preset, configuration.compute)
