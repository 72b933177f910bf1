"""Compares one video's predictions with its annotations, with one frame in memory at a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from maskrnn_core.metrics import (
    Protocol,
    VideoEvaluator,
    VideoScores,
    objects_of,
    occurring_objects,
)
from maskrnn_core.metrics.evaluation import MOST_PROPOSALS
from maskrnn_core.video import VOID, UInt8Array
from storage.datasets.readers.annotations import AnnotatedVideo
from storage.errors import LossyMaskError, StorageError
from storage.prediction_sets import PredictionSet, ReadOptions
from tasks.evaluation.problems import Problem


@dataclass(frozen=True)
class Comparison:
    """What to compare; travels to a worker process.

    Args:
        video: the annotations.
        predictions: contain those of this video.
        rules: which frames, pixels and objects count.
        binary: whether mask files are read as one object and background.
        missing_is_empty: whether a missing frame counts as empty.
        stability: whether T is computed.
    """

    video: AnnotatedVideo
    predictions: PredictionSet
    rules: Protocol
    binary: bool
    missing_is_empty: bool
    stability: bool


@dataclass
class Compared:
    """Figures of a video, or all its problems.

    Args:
        video: its name.
        frame_names: names of the annotated frames.
        scores: the figures.
        problems: what is wrong.
        later: ids that first occur after the first annotation, which the protocol does not count.
    """

    video: str
    frame_names: tuple[str, ...]
    scores: VideoScores | None = None
    problems: list[Problem] = field(default_factory=list)
    later: tuple[int, ...] = ()


def compare(job: Comparison, on_frame: Callable[[], None]) -> Compared:
    """Return the figures of one video, or, if there is any problem, all problems of all frames.

    Args:
        job: what to compare.
        on_frame: called after every frame.
    """
    names = tuple(job.video.frame_names)
    result = Compared(job.video.name, names)
    present = present_frames(job, result.problems)
    if present is None:
        return result
    objects = objects_to_compare(job, result.problems)
    if not objects:
        return result
    only = objects[0] if len(objects) == 1 else None
    options = ReadOptions(binary=job.binary, only_object=only)
    evaluator = VideoEvaluator(
        job.rules, objects, len(names), video=job.video.name, stability=job.stability
    )
    size: tuple[int, ...] | None = None
    excess: dict[str, set[int]] = {}
    for index, name in enumerate(names):
        pair = _read(job, index, name in present, options, result.problems)
        if pair is not None:
            size = pair[0].shape if size is None else size
            wrong = _faults(*pair, size)
            result.problems += [Problem(job.video.name, what, name) for what in wrong]
            if above := _labels_above(pair[1], _most_labels(job, objects)):
                excess[name] = above
            if not result.problems:
                evaluator.add(*pair)
        on_frame()
    scores = None if result.problems else evaluator.result()
    if excess or (scores is not None and scores.annotations.frames_with_other_labels):
        result.later = _later(job, objects)
        result.problems += _excess_problems(job, objects, excess, result.later)
    if scores is not None and not result.problems:
        result.scores = scores
        if not job.missing_is_empty:
            _forget_ends(scores, names, present)
    return result


def present_frames(job: Comparison, problems: list[Problem]) -> frozenset[str] | None:
    """Return the names of the predicted frames; None if there is no list of them.

    Args:
        job: what to compare.
        problems: gets what is wrong with the list: missing frames unless they count as empty, extra
            frames, or why there is no list.
    """
    video, names = job.video.name, job.video.frame_names
    try:
        found = job.predictions.frames(video, names)
    except StorageError as error:
        problems.append(Problem(video, f"unreadable predictions ({error})"))
        return None
    if found is None and not job.missing_is_empty:
        problems.append(Problem(video, "missing sequences"))
        return None
    present = frozenset(found or ())
    if not job.missing_is_empty:
        absent = [name for name in counted_frames(job) if name not in present]
        problems += [Problem(video, "missing frames", name) for name in absent]
    extra = sorted(present - set(names) - job.video.other_frames)
    problems += [Problem(video, "extra frames", name) for name in extra]
    return present


def counted_frames(job: Comparison) -> tuple[str, ...]:
    """Return the names of the frames that need a prediction, because the protocol counts them."""
    names = tuple(job.video.frame_names)
    return names[1:-1] if job.rules.skip_ends else names[int(job.rules.from_appearance) :]


def objects_to_compare(job: Comparison, problems: list[Problem]) -> tuple[int, ...]:
    """Return the ids of the objects that the protocol counts; none and a problem if it cannot.

    This reads the first annotation, or all of them if objects count from their first appearance.
    """
    if job.video.objects is not None:
        return job.video.objects
    try:
        if job.rules.from_appearance:
            indices = range(len(job.video.frame_names))
            objects = occurring_objects(job.video.label_map(index) for index in indices)
        else:
            objects = objects_of(job.video.label_map(0))
    except StorageError as error:
        problems.append(Problem(job.video.name, f"unreadable annotation ({error})"))
        return ()
    if not objects:
        where = "any annotation" if job.rules.from_appearance else "the first annotation"
        problems.append(Problem(job.video.name, f"no object in {where}"))
    return objects


def _read(
    job: Comparison, index: int, predicted: bool, options: ReadOptions, problems: list[Problem]
) -> tuple[UInt8Array, UInt8Array] | None:
    """Return annotation and prediction of a frame, or None and a problem for an unreadable file."""
    name = job.video.frame_names[index]
    what = "unreadable annotation"
    try:
        annotation = job.video.label_map(index)
        if not predicted:
            return annotation, np.zeros_like(annotation)
        what = "unreadable prediction"
        return annotation, job.predictions.label_map(job.video.name, name, options)
    except LossyMaskError:
        kind = "saved with loss, as JPEG, which cannot hold object ids; save PNG files"
        problems.append(Problem(job.video.name, f"{what.removeprefix('unreadable ')} {kind}", name))
        return None
    except StorageError as error:
        problems.append(Problem(job.video.name, what, name, str(error)))
        return None


def _most_labels(job: Comparison, objects: Sequence[int]) -> int:
    """Return the largest label that a prediction may use."""
    if job.binary or job.rules.binary:
        return VOID
    return max(*objects, MOST_PROPOSALS) if job.rules.matched else max(objects)


def _labels_above(prediction: UInt8Array, most: int) -> set[int]:
    """Return the labels of a prediction above the largest that it may use."""
    if most >= VOID or int(prediction.max(initial=0)) <= most:
        return set()
    return set(np.unique(prediction[prediction > most]).tolist())


def _later(job: Comparison, objects: Sequence[int]) -> tuple[int, ...]:
    """Return annotated ids that are not counted; this reads the annotations once more."""
    if job.rules.binary:
        return ()
    indices = range(len(job.video.frame_names))
    try:
        found = occurring_objects(job.video.label_map(index) for index in indices)
    except StorageError:
        return ()  # the problems include this already
    return tuple(label for label in found if label > max(objects))


def _excess_problems(
    job: Comparison,
    objects: Sequence[int],
    excess: Mapping[str, set[int]],
    later: Sequence[int],
) -> list[Problem]:
    """Return a problem for predictions with labels that no annotation has."""
    most = _most_labels(job, objects)
    return [
        Problem(job.video.name, f"label {max(above)} above the number of objects ({most})", name)
        for name, labels in excess.items()
        if (above := labels - set(later))
    ]


def _faults(annotation: UInt8Array, prediction: UInt8Array, size: tuple[int, ...]) -> list[str]:
    """Return what is wrong with a frame that could be read."""
    found = []
    if annotation.shape != size:
        found.append(f"annotation of another size ({_size(annotation)}) than the first")
    if prediction.shape != annotation.shape:
        found.append(
            f"another size ({_size(prediction)}) than the annotation's ({_size(annotation)})"
        )
    return found


def _size(labels: UInt8Array) -> str:
    return "x".join(str(side) for side in reversed(labels.shape))


def _forget_ends(scores: VideoScores, names: Sequence[str], present: frozenset[str]) -> None:
    """Remove the figures of first and last frames that may be missing and are."""
    for index in (0, len(names) - 1):
        if names[index] not in present:
            for item in scores.objects:
                item.region[index] = item.contour[index] = np.nan
