"""Lists what a reader of figures should know about the annotations behind them."""

from collections.abc import Callable, Sequence

from maskrnn_core.metrics import Protocol
from tasks.evaluation.comparison import Compared

_SHOWN = 10
_LATER = "--protocol youtube-vos"


def annotation_remarks(rules: Protocol, compared: Sequence[Compared]) -> list[str]:
    """Report ids that never occur, objects not counted, void, and videos where nothing counts.

    Args:
        rules: the protocol.
        compared: all videos, with their figures.
    """
    found = []
    if absent := _listed(compared, _absent_objects):
        found.append(
            f"Ids without a pixel in any annotation: {absent}. The protocol counts them: a frame "
            f"without them in the prediction scores 1. {_LATER} counts the ids that occur."
        )
    if later := _listed(compared, lambda one: one.later):
        found.append(
            f"Objects that first appear after the first annotation: {later}. The protocol does not "
            f"count them; {_LATER} does."
        )
    void = [one.video for one in compared if one.scores and one.scores.annotations.has_void]
    if void and not (rules.ignore_void or rules.binary):
        found.append(
            f"Pixels of 255 in the annotations of {_shortened(void)} count as background, as the "
            f"protocol says; {_LATER} ignores them."
        )
    if nothing := [one.video for one in compared if not counts_frames(one)]:
        found.append(f"No frame counts of {_shortened(nothing)}: {_left_out(rules)}.")
    return found


def counts_frames(one: Compared) -> bool:
    """Whether a frame of any object counts."""
    if one.scores is None:
        return False
    return any(item.region[item.counted].size for item in one.scores.objects)


def no_frame_counts(rules: Protocol, videos: Sequence[str]) -> str:
    """Return why there are no figures at all."""
    return (
        f"no frame of {_shortened(videos)} counts: {_left_out(rules)}. Evaluate longer sequences, "
        "or choose a protocol that counts all frames: --protocol segtrack2"
    )


def _left_out(rules: Protocol) -> str:
    if rules.from_appearance:
        return (
            f"protocol {rules.name} counts the annotated frames after the one in which an object "
            "first appears, and there is none"
        )
    return (
        f"protocol {rules.name} omits the first and the last annotated frame, and there are "
        "no others"
    )


def _absent_objects(one: Compared) -> Sequence[int]:
    return () if one.scores is None else one.scores.annotations.absent


def _listed(compared: Sequence[Compared], ids_of: Callable[[Compared], Sequence[int]]) -> str:
    """Return videos with the ids of each; empty if there are none."""
    found = [
        f"{one.video} ({', '.join(map(str, ids))})" for one in compared if (ids := ids_of(one))
    ]
    return _shortened(found)


def _shortened(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
