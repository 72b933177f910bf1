"""SegTrack v2: sequences of several sizes, one mask file per object and frame.

Layout: JPEGImages/SEQ/FRAME, ImageSets/SEQ.txt and GroundTruth/SEQ/OBJECT/FRAME, or
GroundTruth/SEQ/FRAME for a single object. Files are bmp, png, jpg or tif; numbers may start
anywhere. Masks have soft edges and are cut at half. There are no splits: all sequences are "val".
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from storage.datasets.images.image_files import image_files
from storage.datasets.images.names import name_fault
from storage.datasets.masks.label_maps import read_half_mask
from storage.datasets.readers.annotated_frames import FrameFiles, FrameFileVideo
from storage.datasets.readers.annotations import DatasetNotes, FileAnnotations, MaskFiles
from storage.datasets.readers.image_sets import ImageSet
from storage.datasets.source import SourceVideo
from storage.errors import DatasetError, MissingDatasetError

_FRAMES, _MASKS, _SETS = "JPEGImages", "GroundTruth", "ImageSets"
_SPLIT = "val"
_MOST_OBJECTS = 254


@dataclass(frozen=True)
class SegTrackReader:
    """Reader of this layout; implements `storage.datasets.readers.catalog.DatasetReader`."""

    name: str = "segtrack2"
    default_split: str = _SPLIT
    protocol: str = "segtrack2"
    binary_masks: bool = False

    def splits(self, root: Path, *, frames: bool = True) -> dict[str, Path]:
        """The only split, "val", with the folder of its image sets.

        Raises:
            MissingDatasetError: a folder of the layout or all image sets are missing.
        """
        needed = (_FRAMES, _MASKS, _SETS) if frames else (_MASKS, _SETS)
        if lacking := [folder for folder in needed if not (root / folder).is_dir()]:
            holds = ", ".join(sorted(path.name for path in root.iterdir())[:8]) or "nothing"
            raise MissingDatasetError(
                f"{root} is not a {self.name} folder: it has no {' and no '.join(lacking)} (it "
                f"holds {holds}). Give the folder that holds {_FRAMES}, {_MASKS} and {_SETS}."
            )
        if not _set_files(root):
            raise MissingDatasetError(
                f"{root / _SETS} has no .txt file. Restore it from the archive."
            )
        return {_SPLIT: root / _SETS}

    def image_set(self, root: Path, split: str) -> ImageSet:
        """All sequences by name, with the frames that their files list."""
        found: dict[str, list[str]] = {}
        for path in _set_files(root):
            for sequence, frames in _read_sequences(path).items():
                found.setdefault(sequence, frames)
        return ImageSet(root / _SETS, dict(sorted(found.items())))

    def frames_of(self, root: Path, video: str, listed: list[str]) -> Path:
        """Folder of a sequence's frames; it may not exist."""
        return root / _FRAMES / video

    def video(self, root: Path, video: str, listed: list[str]) -> SourceVideo:
        """A sequence whose files are listed later; `listed` are the frames of its image set."""
        return FrameFileVideo(self.name, video, partial(_list_files, root, video, tuple(listed)))

    def annotations(self, root: Path, video: str, listed: list[str]) -> FileAnnotations:
        """The masks of a sequence; its frames may be missing.

        Raises:
            MissingDatasetError: there is no mask.
            DatasetError: objects lack masks of single frames; the message names all of them.
        """
        masks, problems = _mask_files(root, video)
        if problems:
            raise DatasetError(
                f"segtrack2 video {video}:\n  " + "\n  ".join(problems) + "\nRestore these files "
                "from the dataset's archive, or leave the video out."
            )
        return FileAnnotations(video, masks, frozenset(set(listed) - set(masks.files)))

    def notes(self, root: Path) -> DatasetNotes:
        """Empty notes: SegTrack has no attributes."""
        return DatasetNotes()


SEGTRACK_2 = SegTrackReader()


def _set_files(root: Path) -> list[Path]:
    return sorted(p for p in (root / _SETS).glob("*.txt") if not p.name.startswith("."))


def _read_sequences(path: Path) -> dict[str, list[str]]:
    """Frames by sequence. The first line, and every line that starts with a star, is a name."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not a text file. Restore it from the archive.") from error
    found: dict[str, list[str]] = {}
    frames: list[str] | None = None
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        name = line.removeprefix("*").strip()
        if name_fault(name):
            raise DatasetError(
                f"{path}, line {number}: {line[:200]!r} is neither the name of a sequence nor of "
                "a frame. Correct the line, or restore the file from the archive."
            )
        if frames is None or line.startswith("*"):
            frames = found.setdefault(name, [])
        else:
            frames.append(name)
    if not found:
        raise DatasetError(f"{path} names no sequence. Restore it from the dataset's archive.")
    return found


def _list_files(root: Path, video: str, listed: tuple[str, ...]) -> FrameFiles:
    folder = root / _FRAMES / video
    if not folder.is_dir() or not (frames := image_files(folder)):
        raise MissingDatasetError(
            f"{folder} has no frames. Restore it from the archive, or leave the video out."
        )
    masks, problems = _mask_files(root, video)
    present = {path.stem for path in frames}
    problems += [
        f"{folder}: frame {name} of the image set is missing"
        for name in listed
        if not {name, Path(name).stem} & present
    ]
    return FrameFiles(tuple(frames), masks, tuple(problems))


def _mask_files(root: Path, video: str) -> tuple[MaskFiles, list[str]]:
    """Mask files of a sequence, and a description of the missing ones."""
    folder = root / _MASKS / video
    numbered = sorted(
        (p for p in folder.glob("*") if p.is_dir() and not p.name.startswith(".")),
        key=lambda path: (len(path.name), path.name),
    )
    for path in numbered:
        if not path.name.isdecimal() or not 1 <= int(path.name) <= _MOST_OBJECTS:
            raise DatasetError(
                f"{path} is not the folder of an object: such a folder has a number from 1 to "
                f"{_MOST_OBJECTS} as name. Restore it from the archive, or remove it."
            )
    layers = {int(path.name): path for path in numbered} or {1: folder}
    files = {
        layer: {path.stem: path for path in image_files(place)} if place.is_dir() else {}
        for layer, place in layers.items()
    }
    names = sorted({name for of_layer in files.values() for name in of_layer})
    if not names:
        raise MissingDatasetError(
            f"{folder} has no masks. Restore it from the archive, or leave the video out."
        )
    problems = [
        f"{layers[layer]}: the mask of frame {name} is missing"
        for name in names
        for layer in layers
        if name not in files[layer]
    ]
    complete = [name for name in names if all(name in of_layer for of_layer in files.values())]
    by_name = {name: tuple(files[layer][name] for layer in layers) for name in complete}
    return MaskFiles(by_name, read_half_mask, tuple(layers)), problems
