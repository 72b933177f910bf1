"""The user's masks of a video, in any usual form: the objects to follow, and their first frames.

| place | read as |
|---|---|
| an image file | label map of the first frame, or one object in black and white |
| a folder of images named as frames | label maps of these frames |
| a folder of other images | one object of the first frame per image |
| a folder of folders named as frames | one image per object; the same name is the same object |
| a .json file | see `mask_json` |
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path

import numpy as np

from storage.datasets.images.file_checks import check_inside
from storage.datasets.images.image_files import image_files, image_size, read_bytes
from storage.datasets.images.names import name_fault
from storage.datasets.images.natural_order import in_natural_order, natural_key
from storage.datasets.masks.given_images import read_given_map
from storage.datasets.masks.label_maps import object_ids, read_binary_mask
from storage.datasets.masks.mask_json import JsonMask, read_mask_json
from storage.datasets.source import UInt8Array
from storage.errors import DatasetError, MissingDatasetError

MOST_OBJECTS = 254

MapReader = Callable[[], UInt8Array]


@dataclass(frozen=True)
class GivenMasks:
    """Label maps by frame name, decoded on demand. Every member may raise DatasetError.

    Args:
        place: file or folder.
        readers: functions that read a label map, by frame name in the order of the frames.
    """

    place: Path
    readers: Mapping[str, MapReader]

    @cached_property
    def objects(self) -> tuple[int, ...]:
        """Ids in any mask, ascending; at least one (decodes every mask once)."""
        found = {label for read in self.readers.values() for label in object_ids(read())}
        if not found:
            raise DatasetError(
                f"{self.place} has no object: all its pixels are background or void (255). Mark "
                "at least one object."
            )
        return tuple(sorted(found))

    def label_map(self, name: str) -> UInt8Array | None:
        """Label map of a frame as uint8 (H, W); None if the frame has no mask."""
        read = self.readers.get(name)
        return None if read is None else read()


class VideoFrames:
    """The frames that masks belong to.

    Args:
        names: names of the video's frames, in order.
        size: height and width of the frames.
    """

    def __init__(self, names: Sequence[str], size: tuple[int, int]) -> None:
        self.names = names
        self.size = size
        self.order = {name: index for index, name in enumerate(names)}

    def find(self, reference: str | int, where: str) -> str:
        """Find a frame by its name or its index from 0; raises DatasetError if there is none."""
        if isinstance(reference, str) and reference in self.order:
            return reference
        if isinstance(reference, int) or (reference.isascii() and reference.isdecimal()):
            index = int(reference) if len(str(reference)) < 10 else -1
            if 0 <= index < len(self.names):
                return self.names[index]
        raise DatasetError(
            f"{where}: the video has no frame {reference!r}; its {len(self.names)} frames are "
            f"{self.names[0]} to {self.names[-1]}. Name one of them, or its index from 0."
        )


def open_masks(place: Path, frames: VideoFrames) -> GivenMasks:
    """Open the masks of a video's frames; files are decoded on demand.

    Args:
        place: file or folder.
        frames: the frames of the video.

    Raises:
        MissingDatasetError: the place does not exist.
        DatasetError: masks have another size or belong to no frame of the video, there are too
            many objects, or the files have none of the forms above.
    """
    if place.is_dir():
        readers = _folder_readers(place, frames)
    elif place.suffix.lower() == ".json":
        readers = _json_readers(place, frames)
    elif place.exists():
        _check_size(place, frames.size)
        readers = {frames.names[0]: partial(read_given_map, place)}
    else:
        raise MissingDatasetError(f"The mask {place} is not there. Correct the path.")
    return GivenMasks(
        place, {name: readers[name] for name in sorted(readers, key=frames.order.__getitem__)}
    )


def masks_digest(place: Path) -> str:
    """sha256 (hex) over names and bytes of all mask files at a place; errors as `open_masks`."""
    files = [place]
    if place.is_dir():
        files = [path for folder in (place, *_folders(place)) for path in image_files(folder)]
    digest = sha256()
    for path in files:
        _check_place(path, place)
        data = read_bytes(path)
        name = "" if path == place else path.relative_to(place).with_suffix("").as_posix()
        digest.update(f"{name} {len(data)}\n".encode())
        digest.update(data)
    return digest.hexdigest()


def _folder_readers(place: Path, frames: VideoFrames) -> dict[str, MapReader]:
    files, folders = in_natural_order(image_files(place)), _folders(place)
    if bool(files) == bool(folders):
        held = "both images and folders" if files else "neither images nor folders"
        raise DatasetError(f"{place} has {held}. Put masks into it, or one folder per frame.")
    if folders:
        by_frame = {
            frames.find(folder.name, str(folder)): in_natural_order(image_files(folder))
            for folder in folders
        }
        return _object_readers(place, by_frame, frames.size)
    others = [path.name for path in files if path.stem not in frames.order]
    if len(others) == len(files):
        return _object_readers(place, {frames.names[0]: files}, frames.size)
    if others:
        raise DatasetError(
            f"{place}: {', '.join(others[:10])} {'is' if len(others) == 1 else 'are'} not named "
            "like a frame of the video, but other masks are. Name all masks like frames, or none."
        )
    for path in files:
        _check_file(path, place, frames.size)
    return {path.stem: partial(read_given_map, path) for path in files}


def _object_readers(
    place: Path, by_frame: Mapping[str, Sequence[Path]], size: tuple[int, int]
) -> dict[str, MapReader]:
    """Readers by frame, for folders with one image per object."""
    for paths in by_frame.values():
        for path in paths:
            _check_file(path, place, size)
    if not any(by_frame.values()):
        raise DatasetError(f"{place}: its folders have no images. Put the masks there.")
    ids = _ids({path.stem for paths in by_frame.values() for path in paths}, place)
    return {
        frame: partial(
            _layered,
            size,
            [(ids[p.stem], str(p), partial(read_binary_mask, p)) for p in paths],
        )
        for frame, paths in by_frame.items()
        if paths
    }


def _json_readers(place: Path, frames: VideoFrames) -> dict[str, MapReader]:
    layers: dict[str, list[tuple[int, str, MapReader]]] = {}
    for object_id, mask in _numbered(read_mask_json(place), place):
        name = frames.names[0] if mask.frame is None else frames.find(mask.frame, mask.where)
        layer = (object_id, mask.where, partial(mask.read, frames.size))
        layers.setdefault(name, []).append(layer)
    return {name: partial(_layered, frames.size, masks) for name, masks in layers.items()}


def _layered(size: tuple[int, int], layers: Sequence[tuple[int, str, MapReader]]) -> UInt8Array:
    """Combine several masks to one label map; a pixel in several belongs to the lowest id."""
    labels = np.zeros(size, np.uint8)
    for object_id, where, read in sorted(layers, key=lambda layer: layer[0], reverse=True):
        mask = read()
        if not mask.any():
            raise DatasetError(f"{where}: the mask of object {object_id} is empty. Remove it.")
        labels[mask != 0] = object_id
    return labels


def _ids(stems: set[str], place: Path) -> dict[str, int]:
    """Ids of objects: numbers in their names, or 1, 2, ... in natural order."""
    _check_count(len(stems), place)
    ordered = sorted(stems, key=natural_key)
    if all(stem.isascii() and stem.isdecimal() and len(stem) < 10 for stem in stems):
        numbers = {stem: int(stem) for stem in ordered}
        distinct = set(numbers.values())
        if len(distinct) == len(stems) and min(distinct) >= 1 and max(distinct) <= MOST_OBJECTS:
            return numbers
    return {stem: number for number, stem in enumerate(ordered, start=1)}


def _numbered(masks: Sequence[JsonMask], place: Path) -> list[tuple[int, JsonMask]]:
    """Masks with their own ids, or with the lowest free ids in order."""
    used = {mask.object_id for mask in masks if mask.object_id is not None}
    _check_count(len(used) + sum(mask.object_id is None for mask in masks), place)
    free = (number for number in range(1, 2 * MOST_OBJECTS + 1) if number not in used)
    return [(next(free) if m.object_id is None else m.object_id, m) for m in masks]


def _check_count(count: int, place: Path) -> None:
    if count > MOST_OBJECTS:
        raise DatasetError(
            f"{place} has {count} objects, but label maps have at most {MOST_OBJECTS}. Mark fewer."
        )


def _folders(place: Path) -> list[Path]:
    return in_natural_order(p for p in place.iterdir() if p.is_dir() and p.name[0] != ".")


def _check_file(path: Path, place: Path, size: tuple[int, int]) -> None:
    _check_place(path, place)
    _check_size(path, size)


def _check_size(path: Path, size: tuple[int, int]) -> None:
    """Check the size in the header, before the file is decoded."""
    found = image_size(path)
    if found != size:
        raise DatasetError(
            f"The mask {path} is {found[1]}x{found[0]}, but the video is {size[1]}x{size[0]}. "
            "Draw the mask at the video's size."
        )


def _check_place(path: Path, place: Path) -> None:
    check_inside(path, place)
    if fault := name_fault(path.stem):
        raise DatasetError(f"{str(path)!r} cannot be a mask: its name {fault}. Rename it.")
