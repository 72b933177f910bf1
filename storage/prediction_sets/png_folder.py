"""Predictions as FOLDER/VIDEO/FRAME.png, or FOLDER/VIDEO/OBJECT/FRAME.png."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from storage.datasets.images.image_files import image_files, read_bytes
from storage.datasets.source import UInt8Array
from storage.errors import DatasetError
from storage.prediction_sets.frame_paths import FramePaths, object_id_of
from storage.prediction_sets.source import ReadOptions


@dataclass(frozen=True)
class PngFolder:
    """A `PredictionSet` of image files, PNG as a rule; the files of a video are listed once."""

    root: Path
    _listed: dict[str, FramePaths] = field(default_factory=dict, compare=False, repr=False)

    @property
    def name(self) -> str:
        return self.root.resolve().name

    @property
    def place(self) -> str:
        return str(self.root)

    def frames(self, video: str, annotated: Sequence[str]) -> list[str] | None:
        return self._paths(video).frames() if (self.root / video).is_dir() else None

    def label_map(self, video: str, frame: str, options: ReadOptions) -> UInt8Array:
        return self._paths(video).label_map(frame, _read, options)

    def _paths(self, video: str) -> FramePaths:
        if video not in self._listed:
            self._listed[video] = _paths(self.root / video)
        return self._listed[video]


def _read(path: str) -> tuple[bytes, str]:
    return read_bytes(Path(path)), path


def _paths(folder: Path) -> FramePaths:
    """Files of a video; its folders are objects where it holds no files itself.

    Raises:
        DatasetError: for two files of a frame, and folders that are no objects.
    """
    if maps := _by_frame(folder):
        return FramePaths(maps, {})
    layers: dict[str, dict[int, str]] = {}
    for inner in sorted(p for p in folder.iterdir() if p.is_dir() and p.name[0] != "."):
        object_id = object_id_of(inner.name)
        if object_id is None:
            raise DatasetError(
                f"{inner} is not the folder of an object, whose name is a number from 1 to 254. "
                "Put label maps as FRAME.png into the folder of the video, or each object's masks "
                "into a folder of its number."
            )
        for frame, path in _by_frame(inner).items():
            if object_id in layers.setdefault(frame, {}):
                raise DatasetError(f"{inner} is a second folder of that object. Take one away.")
            layers[frame][object_id] = path
    return FramePaths({}, layers)


def _by_frame(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in image_files(folder):
        if path.stem in found:
            raise DatasetError(
                f"{path} and {Path(found[path.stem]).name} are the same frame. Take one away"
            )
        found[path.stem] = str(path)
    return found
