"""Finds the frame that a name means: by its name, its index, or the number at its end."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property

from storage.errors import DatasetError

_ENDINGS = re.compile(
    r"([_\-. ](masks?|gt|seg|segmentation|labels?|annotations?|instances?|ids?|png|jpe?g))+$"
    r"|_(png|jpe?g)\.rf\.[0-9a-zA-Z]+$",
    re.IGNORECASE,
)
"""Endings that tools add to the name of a frame: 00003_mask, 00003_jpg.rf.0a1b2c (Roboflow)."""
_NUMBER = re.compile(r"^(.*?)(\d+)(\D*)$", re.DOTALL)
_FRAME_WORDS = re.compile(r"frame|img|image", re.IGNORECASE)
_PADDED = 4
_MOST_DIGITS = 10
_SEPARATORS = re.compile(r"[_\-. ]+")


class VideoFrames:
    """The frames of the video to which masks belong.

    Args:
        names: names of the video's frames, in order.
        size: height and width of the frames.
        video: name of the video.
        note: sentence to add to the error about another size; ends with a full stop.
    """

    def __init__(
        self, names: Sequence[str], size: tuple[int, int], video: str = "", note: str = ""
    ) -> None:
        self.names = names
        self.size = size
        self.video = video
        self.note = note
        self.order = {name: index for index, name in enumerate(names)}

    @cached_property
    def by_number(self) -> Mapping[int, str]:
        """Frame names by the number at their end; empty if the numbers do not identify frames."""
        numbers = numbers_of(self.names)
        return {} if numbers is None else {numbers[name]: name for name in self.names}

    def find(self, reference: str | int, where: str) -> str:
        """The frame that a reference means: a name, an index from 0, or a name with its number.

        Raises:
            DatasetError: there is no such frame, or index and number mean different frames.
        """
        found = self.look_up(reference, where)
        if found is not None:
            return found
        raise DatasetError(
            f"{where}: the video has no frame {reference!r}; its {len(self.names)} frames are "
            f"{self.names[0]} to {self.names[-1]}. Name one of them, or its index from 0."
        )

    def look_up(self, reference: str | int, where: str) -> str | None:
        """As `find`; None if there is no such frame."""
        if isinstance(reference, int):
            return self.names[reference] if 0 <= reference < len(self.names) else None
        if reference in self.order:
            return reference
        number = _number_of(reference)
        numbered = None if number is None else self.by_number.get(number)
        if not reference.isascii() or reference != str(number):
            return numbered
        assert number is not None
        indexed = self.names[number] if number < len(self.names) else None
        if indexed and numbered and indexed != numbered:
            raise DatasetError(
                f"{where}: {reference!r} may be the index of frame {indexed} or the number of "
                f"frame {numbered}. Write the whole name of the frame."
            )
        return indexed or numbered

    def match(self, names: Sequence[str]) -> dict[str, str] | None:
        """Frames by names that end in their numbers; None unless each name has its own frame.

        Names that are numbered from 1 to the number of frames mean all frames, in order.
        """
        numbers = numbers_of(names)
        if numbers is None:
            return None
        if sorted(numbers.values()) == list(range(1, len(self.names) + 1)) and 0 in self.by_number:
            return {name: self.names[number - 1] for name, number in numbers.items()}
        if not set(numbers.values()) <= set(self.by_number):
            return None
        return {name: self.by_number[number] for name, number in numbers.items()}

    def mentioned_in(self, name: str) -> str | None:
        """A frame whose name is part of another name, such as 00003 of 00003_dog."""
        return next((part for part in _SEPARATORS.split(name) if part in self.order), None)


def numbers_of(names: Sequence[str]) -> dict[str, int] | None:
    """Number of each name if the names differ only in their numbers; otherwise None."""
    found: dict[str, int] = {}
    around: set[tuple[str, str]] = set()
    for name in names:
        parts = _NUMBER.match(_ENDINGS.sub("", name))
        if parts is None or not parts[2].isascii() or len(parts[2]) > _MOST_DIGITS:
            return None
        around.add((parts[1], parts[3]))
        found[name] = int(parts[2])
    if len(around) != 1 or len(set(found.values())) != len(names):
        return None
    ((_, ending),) = around
    return found if len(names) > 1 or not ending else None


def like_frames(names: Sequence[str]) -> bool:
    """Whether names look like those of frames: frame_3, or a number of four digits or more."""
    found = [_NUMBER.match(_ENDINGS.sub("", name)) for name in names]
    return all(
        parts is not None and (len(parts[2]) >= _PADDED or bool(_FRAME_WORDS.search(parts[1])))
        for parts in found
    )


def _number_of(name: str) -> int | None:
    numbers = numbers_of([name])
    return None if numbers is None else numbers[name]
