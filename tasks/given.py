"""Defines which masks of a video are given, the only ones that finetuning and inference may read.

In a benchmark these are the first mask of each object; all later annotations are for the evaluation
alone. Every mask that a user names for a video is given, and so are masks of corrections.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class GivenMask:
    """The masks of some objects in one frame.

    Args:
        frame: index of the frame.
        objects: ids of the objects, ascending.
        mask: key of the artifact with the label map; "" for the annotation of the video itself.
    """

    frame: int
    objects: tuple[int, ...]
    mask: str = ""


@dataclass(frozen=True)
class Correction:
    """Masks that were added to a result; `maskrnn correct` makes it.

    Args:
        prediction: key of the result.
        added: frames, and keys of the masks that are added to them.
        earlier: the same of the masks that were added to the result before.
        weights: finetuned weights that the result has, by object.
    """

    prediction: str
    added: tuple[tuple[int, str], ...]
    earlier: tuple[tuple[int, str], ...] = ()
    weights: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class GivenSpec:
    """Where the given masks of a run's videos come from.

    Args:
        all_annotations: whether all annotations of a video are given, because a user named them.
        correction: masks on top of them.
    """

    all_annotations: bool = False
    correction: Correction | None = None


def given_masks(
    spec: GivenSpec,
    annotated: Mapping[int, Sequence[int]],
    objects_of: Mapping[str, Sequence[int]],
) -> tuple[GivenMask, ...]:
    """Return the given masks of a video by frame; () if they are the first of each object.

    Args:
        spec: where they come from.
        annotated: ids of the objects in the annotations of the video, by frame.
        objects_of: ids of the objects in the masks of a correction, by key.
    """
    places: dict[tuple[int, int], str] = {}
    seen: set[int] = set()
    for frame in sorted(annotated):
        for object_id in annotated[frame]:
            if spec.all_annotations or object_id not in seen:
                places[frame, object_id] = ""
            seen.add(object_id)
    several = len(places) > len(seen)
    added = () if spec.correction is None else spec.correction.earlier + spec.correction.added
    for frame, key in added:
        places.update({(frame, object_id): key for object_id in objects_of[key]})
    if not several and not added:
        return ()
    grouped: dict[tuple[int, str], list[int]] = {}
    for (frame, object_id), key in sorted(places.items()):
        grouped.setdefault((frame, key), []).append(object_id)
    return tuple(GivenMask(frame, tuple(ids), key) for (frame, key), ids in grouped.items())


def starts_of(given: Iterable[GivenMask]) -> dict[int, list[int]]:
    """Return the ids of the objects whose masks are given, by frame, ascending."""
    starts: dict[int, list[int]] = {}
    for mask in given:
        starts[mask.frame] = sorted({*starts.get(mask.frame, ()), *mask.objects})
    return dict(sorted(starts.items()))


def frames_of(given: Iterable[GivenMask], object_id: int) -> list[int]:
    """Return the frames in which the mask of an object is given, ascending."""
    return sorted({mask.frame for mask in given if object_id in mask.objects})


def added_objects(given: Iterable[GivenMask], correction: Correction) -> set[int]:
    """Return the ids of the objects that a correction gave another mask."""
    added = set(correction.added)
    return {i for mask in given if (mask.frame, mask.mask) in added for i in mask.objects}


def masks_by_object(given: Sequence[GivenMask]) -> dict[int, list[int]]:
    """Return the frames of the given masks of each object; by id, ascending."""
    objects = sorted({object_id for mask in given for object_id in mask.objects})
    return {object_id: frames_of(given, object_id) for object_id in objects}


def masks_told(video: str, given: Sequence[GivenMask]) -> str:
    """Return a sentence with the frames of the masks of a video that has several per object."""
    parts = [
        f"object {object_id} in frame{'s' if len(frames) > 1 else ''} "
        + " and ".join(part for part in (", ".join(map(str, frames[:-1])), str(frames[-1])) if part)
        for object_id, frames in masks_by_object(given).items()
    ]
    return f"Masks given: {video}, {'; '.join(parts)} (frames are counted from 0)."
