"""Times at which frames are shown, in the order in which decoders give frames."""

from collections.abc import Sequence
from itertools import groupby

_USUAL_RATE = 25.0


def ascending_times(times: Sequence[float | None], rate: float) -> tuple[float, ...]:
    """Times that ascend from frame to frame.

    Decoders give frames in the order in which they are shown. The times of AVI files with B frames
    are those of storage, so they are sorted. Frames of the same time share the time up to the next
    one. If times are missing, all come from the rate.

    Args:
        times: seconds, one or more, one per frame; None where the file has none.
        rate: frames per second; 0 where it is not known.
    """
    step = 1 / (rate or _USUAL_RATE)
    known = sorted(time for time in times if time is not None)
    if len(known) < len(times):
        first = known[0] if known else 0.0
        return tuple(first + index * step for index in range(len(times)))
    found: list[float] = []
    for time, frames in groupby(known):
        count = len(list(frames))
        after = len(found) + count
        end = known[after] if after < len(known) else time + count * step
        found += [time + place * (end - time) / count for place in range(count)]
    return tuple(found)
