"""Where the first masks of a user's video come from: a file, or boxes and points."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.datasets.prompts.grab_cut import Box, Point
from storage.datasets.prompts.prompt_file import prompts_of
from storage.files.output_folder import OutputFolder
from tasks.errors import ParameterError

_NUMBER = r"\d+(?:\.\d+)?"
_BOX = re.compile(rf"({_NUMBER}),({_NUMBER}),({_NUMBER}),({_NUMBER})")
_POINT = re.compile(rf"([+-])({_NUMBER}),({_NUMBER})")


@dataclass(frozen=True)
class FirstMasks:
    """The options that give first masks, as they were written.

    Args:
        mask: file or folder.
        boxes: "X0,Y0,X1,Y1" each.
        points: "+X,Y -X,Y" each.
    """

    mask: Path | None
    boxes: Sequence[str] = ()
    points: Sequence[str] = ()

    def check(self) -> None:
        """Refuse options that are missing, contradict each other or cannot be read.

        Raises:
            ParameterError: says which one, and how it is written.
        """
        drawn = bool(self.boxes or self.points)
        if self.mask is None and not drawn:
            raise ParameterError(
                "a video needs the masks of its objects: give --mask FIRST.png, a folder or a "
                ".json file, or --box or --points for each object (docs/own-videos.md)"
            )
        if self.mask is not None and drawn:
            raise ParameterError("give either --mask, or --box and --points, not both")
        self._document()

    def file(self, video: str) -> str:
        """Name of the file of boxes and points in the folder of results."""
        return f"{video}-prompts.json"

    def write(self, video: str, out: OutputFolder) -> None:
        """Write the file of boxes and points; errors as for `OutputFolder.write`."""
        text = json.dumps(self._document(), indent=1)
        out.write(self.file(video), f"{text}\n".encode())

    def _document(self) -> dict[str, object]:
        return prompts_of([_box(text) for text in self.boxes], [_points(t) for t in self.points])


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
