"""Where the masks of a user's video come from: files, or boxes and points."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.datasets.prompts.grab_cut import Box, Point
from storage.datasets.prompts.prompt_file import Prompt, checked_prompts, prompts_of
from tasks.errors import ParameterError

_NUMBER = r"\d+(?:\.\d+)?"
_OF_FRAME = re.compile(r"[^=/\\]+=.+")
_BOX = re.compile(rf"({_NUMBER}),({_NUMBER}),({_NUMBER}),({_NUMBER})")
_POINT = re.compile(rf"([+-])({_NUMBER}),({_NUMBER})")


@dataclass(frozen=True)
class FirstMasks:
    """The options that give masks, as they were written.

    Args:
        masks: one file or folder, or several FRAME=FILE.
        boxes: "X0,Y0,X1,Y1" each.
        points: "+X,Y -X,Y" each.
    """

    masks: Sequence[str] = ()
    boxes: Sequence[str] = ()
    points: Sequence[str] = ()

    def check(self) -> None:
        """Refuse options that are missing, contradict each other or cannot be read.

        Raises:
            ParameterError, DatasetError: says which one, and how it is written.
        """
        drawn = bool(self.boxes or self.points)
        if not self.masks and not drawn:
            raise ParameterError(
                "a video needs the masks of its objects: give --mask FIRST.png, a folder or a "
                ".json file, or --box or --points for each object (docs/own-videos.md)"
            )
        if self.masks and drawn:
            raise ParameterError("give either --mask, or --box and --points, not both")
        if len(self.masks) > 1 and not self.of_frames:
            raise ParameterError(
                f"--mask {next(m for m in self.masks if not _is_of_frame(m))}: of several masks "
                "each needs its frame, such as --mask 0=first.png --mask 40=later.png"
            )
        self.prompts()

    @property
    def of_frames(self) -> dict[str, Path]:
        """Files by the frame that is written before them; empty if masks come in another form.

        Raises:
            ParameterError: a frame has two masks.
        """
        if not all(_is_of_frame(mask) for mask in self.masks):
            return {}
        return frame_files(self.masks)

    @property
    def place(self) -> Path | None:
        """The only file or folder of masks; None if there is none, or several."""
        return Path(self.masks[0]) if self.masks and not self.of_frames else None

    def prompts(self) -> list[Prompt]:
        """The boxes and points, an object each, under the option that gave them.

        Raises:
            DatasetError: a box has no area.
        """
        names = [f"--box {text}" for text in self.boxes]
        names += [f'--points "{text}"' for text in self.points]
        return checked_prompts(self.document()["prompts"], names)

    def document(self) -> dict[str, Any]:
        """What a file of the boxes and points contains."""
        return prompts_of([_box(text) for text in self.boxes], [_points(t) for t in self.points])


def frame_files(masks: Sequence[str]) -> dict[str, Path]:
    """Files by frame, from FRAME=FILE each.

    Raises:
        ParameterError: one is written in another way, or a frame has two masks.
    """
    files: dict[str, Path] = {}
    for mask in masks:
        frame, equals, file = mask.partition("=")
        if not (frame and equals and file):
            raise ParameterError(f"--mask {mask}: write FRAME=FILE, such as 40=later.png")
        if frame in files:
            raise ParameterError(f"--mask: frame {frame} has two masks; put its objects into one")
        files[frame] = Path(file).expanduser()
    return files


def _is_of_frame(mask: str) -> bool:
    """Whether it is written FRAME=FILE, and no file has this name."""
    return _OF_FRAME.fullmatch(mask) is not None and not Path(mask).expanduser().exists()


def _box(text: str) -> Box:
    found = _BOX.fullmatch(text.replace(" ", ""))
    if found is None:
        raise ParameterError(f"--box {text}: write X0,Y0,X1,Y1 in pixels, such as 310,80,420,300")
    x0, y0, x1, y1 = (float(number) for number in found.groups())
    return x0, y0, x1, y1


def _points(text: str) -> list[Point]:
    found = [_POINT.fullmatch(word) for word in text.split()]
    points = [Point(float(match[2]), float(match[3]), match[1] == "+") for match in found if match]
    if len(points) < len(found) or not any(point.is_object for point in points):
        raise ParameterError(
            f'--points {text!r}: write the points of one object as "+X,Y +X,Y -X,Y" in pixels, '
            "+ on the object and - beside it, with one + at least"
        )
    return points
