"""Reports everything that is wrong with predictions in one message."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_NUMBER = re.compile(r"(\d+)$")


@dataclass(frozen=True)
class Problem:
    """One fault of the predictions.

    Args:
        video: its sequence.
        what: such as "missing frames"; equal faults have equal words.
        frame: name of the frame; None for the whole sequence.
        cause: why the file of the frame is unreadable; "" for other faults.
    """

    video: str
    what: str
    frame: str | None = None
    cause: str = ""


def message_of(problems: Sequence[Problem], place: str, missing_option: str | None) -> str:
    """Return a message with every fault; faults of one kind and cause share a line.

    Args:
        problems: at least one.
        place: where the predictions are.
        missing_option: option of the command that counts missing ones as empty; None: it has none.
    """
    whole: dict[str, list[str]] = {}
    frames: dict[tuple[str, str, str], list[Problem]] = {}
    for problem in problems:
        if problem.frame is None:
            whole.setdefault(problem.what, []).append(problem.video)
        else:
            kind = problem.video, problem.what, _without_numbers(problem)
            frames.setdefault(kind, []).append(problem)
    lines = [f"{what}: {', '.join(videos)}" for what, videos in whole.items()]
    lines += [_line(alike) for alike in frames.values()]
    absent = any(problem.what.startswith("missing") for problem in problems)
    cure = "Correct these files"
    if absent and missing_option is not None:
        cure += f", or count missing ones as empty with {missing_option}"
    return (
        f"the predictions {place} do not fit the data set:\n  " + "\n  ".join(lines) + f"\n{cure}."
    )


def _line(alike: Sequence[Problem]) -> str:
    """One line on all frames of a video with the same fault."""
    first = alike[0]
    names = in_ranges([problem.frame or "" for problem in alike])
    if not first.cause:
        return f"{first.video}, {first.what}: {names}"
    if len(alike) == 1:
        return f"{first.video}, {first.what} ({first.cause}): {names}"
    things = f"{first.what.removeprefix('unreadable ')}s"
    return (
        f"{first.video}: {len(alike)} {things} cannot be read ({names}). The first: {first.cause}"
    )


def _without_numbers(problem: Problem) -> str:
    """The cause without the frame and its figures: equal if only these differ between frames."""
    return re.sub(r"\d+", "#", problem.cause.replace(problem.frame or "", "#"))


def in_ranges(names: Sequence[str]) -> str:
    """Return consecutive names as FIRST-LAST: 00001-00003, 00007."""
    runs: list[list[str]] = []
    for name in names:
        if runs and _follows(runs[-1][-1], name):
            runs[-1].append(name)
        else:
            runs.append([name])
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _follows(before: str, after: str) -> bool:
    first, second = _NUMBER.search(before), _NUMBER.search(after)
    if first is None or second is None or before[: first.start()] != after[: second.start()]:
        return False
    return int(second[1]) == int(first[1]) + 1
