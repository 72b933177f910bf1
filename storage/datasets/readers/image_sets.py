"""Image-set files: the videos of each split, with one video or one frame per line."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from storage.datasets.images.names import name_fault
from storage.errors import DatasetError, MissingDatasetError


@dataclass(frozen=True)
class ImageSet:
    """One split.

    Args:
        path: the image-set file.
        frames: names of the listed frames by video, in the order of the file; empty lists if the
            file lists only videos.
    """

    path: Path
    frames: dict[str, list[str]] = field(default_factory=dict)


def find_image_sets(root: Path, folders: Sequence[str]) -> dict[str, Path]:
    """Image-set file of each split; earlier folders win."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted((root / folder).glob("*.txt")):
            if not path.name.startswith("."):
                found.setdefault(path.stem, path)
    return found


def read_image_set(path: Path) -> ImageSet:
    """Read an image-set file.

    A line is the name of a video, or the path of a frame below the root, optionally with its mask:
    "/JPEGImages/480p/bear/00000.jpg /Annotations/480p/bear/00000.png". Blank lines are skipped.

    Raises:
        MissingDatasetError: the file does not exist.
        DatasetError: a line is neither of these, or the file has no lines.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError as error:
        raise MissingDatasetError(f"{path} is not there. Restore it from the archive.") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not a text file. Restore it from the archive.") from error
    image_set = ImageSet(path)
    for number, line in enumerate(lines, start=1):
        if not (words := line.split()):
            continue
        parts = PurePosixPath(words[0]).parts
        if any(name_fault(part) for part in parts if part != "/"):
            parts = ()
        if len(parts) == 1 and len(words) == 1 and parts[0] != "/":
            image_set.frames.setdefault(parts[0], [])
        elif len(parts) >= 3 and PurePosixPath(words[0]).suffix:
            image_set.frames.setdefault(parts[-2], []).append(PurePosixPath(words[0]).stem)
        else:
            raise DatasetError(
                f"{path}, line {number}: {line.strip()[:200]!r} is neither a video's name nor "
                "the path of a frame. Correct the line, or restore the file from the archive."
            )
    if not image_set.frames:
        raise DatasetError(f"{path} lists no video. Restore it from the dataset's archive.")
    return image_set
