"""Which files of a folder are the frames of a video."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from storage.datasets.images.file_checks import check_inside
from storage.datasets.images.image_files import SUFFIXES, UNREADABLE, image_files
from storage.datasets.images.names import name_fault
from storage.datasets.images.natural_order import in_natural_order
from storage.errors import DatasetError, MissingDatasetError

_SHOWN = 10
_FEWEST, _MAJORITY = 3, 2 / 3
_FEW_COLOURS = 16
_DIGITS = re.compile(r"\d+")
_MASK_WORDS = re.compile(r"(^|[^a-z])(masks?|labels?|gt|seg(mentation)?|annotations?)([^a-z]|$)")
_SAME_SUFFIX = {".jpeg": ".jpg", ".tiff": ".tif"}


def frame_files(place: Path, masks: Path | None = None) -> list[Path]:
    """Image files of a folder in the natural order of their names.

    Args:
        place: the folder.
        masks: masks of the video; a mask file in the folder is not a frame.

    Raises:
        MissingDatasetError: the folder contains no image.
        DatasetError: a link leads out of the folder, a name cannot be used, a frame has two files,
            or a file is named unlike the others.
    """
    found = image_files(place) if place.is_dir() else []
    files = in_natural_order(path for path in found if masks is None or not _is_same(path, masks))
    if not files:
        raise MissingDatasetError(
            f"{place} has no image files{_others(place)}. Put the frames there, as "
            f"{', '.join(sorted(SUFFIXES))}."
        )
    before: dict[str, Path] = {}
    for path in files:
        check_inside(path, place)
        if fault := name_fault(path.stem):
            raise DatasetError(f"{str(path)!r} cannot be a frame: its name {fault}. Rename it.")
        if path.stem in before:
            raise DatasetError(
                f"{path}: a second file of that frame, besides {before[path.stem].name}. Move one "
                "of them away; a mask belongs in another folder."
            )
        before[path.stem] = path
    _refuse_odd(place, files)
    return files


def is_among(masks: Path, place: Path) -> bool:
    """Whether a mask is a file in a folder of frames."""
    return masks.is_file() and masks.resolve().parent == place.resolve()


def _refuse_odd(place: Path, files: Sequence[Path]) -> None:
    """Refuse files whose names show that they are not frames; DatasetError names them."""
    shapes = [_shape(path) for path in files]
    counts = Counter(shapes)
    if len(counts) == 1:
        return
    usual, count = counts.most_common(1)[0]
    if count < _FEWEST or count <= _MAJORITY * len(files):
        plain = [shape for shape in counts if not _MASK_WORDS.search(shape[0])]
        if not plain or len(plain) == len(counts):
            return
        usual = max(plain, key=lambda shape: counts[shape])
    odd = [
        path.name
        for path, shape in zip(files, shapes, strict=True)
        if shape != usual and (shape[0] != usual[0] or _is_flat(path))
    ]
    if not odd:
        return
    example = files[shapes.index(usual)].name
    more = f" and {len(odd) - _SHOWN} more" if len(odd) > _SHOWN else ""
    raise DatasetError(
        f"{place}: {', '.join(odd[:_SHOWN])}{more} {'is' if len(odd) == 1 else 'are'} not what the "
        f"other frames are, such as {example}. Move files that are not frames, such as masks, out "
        "of the folder, and rename frames like the others."
    )


def _is_flat(path: Path) -> bool:
    """Whether an image has few colours, as masks do; a frame may have another suffix, too."""
    try:
        if not path.is_file():  # opening a pipe could block for ever
            return False
        with Image.open(path) as image:
            return image.mode in ("1", "P") or image.getcolors(_FEW_COLOURS) is not None
    except (*UNREADABLE, OSError):
        return False  # reading it reports the error


def _shape(path: Path) -> tuple[str, str]:
    """The name of a file without its numbers, and its suffix."""
    suffix = path.suffix.lower()
    return _DIGITS.sub("#", path.stem).casefold(), _SAME_SUFFIX.get(suffix, suffix)


def _others(place: Path) -> str:
    """What a folder without images contains, for a message."""
    if not place.is_dir():
        return ""
    suffixes = Counter(
        path.suffix.lower() or "without suffix"
        for path in place.iterdir()
        if path.is_file() and path.name[0] != "."
    )
    listed = [f"{count} {suffix}" for suffix, count in suffixes.most_common(3)]
    return f", but {' and '.join(listed)}" if listed else ""


def _is_same(path: Path, other: Path) -> bool:
    return path.name == other.name and path.resolve() == other.resolve()
