"""Folders of mask images: label maps of frames, or one object per image.

| a folder of | read as |
|---|---|
| images named as frames | label maps of these frames |
| images whose names end in the numbers of frames | label maps of these frames |
| other images | one object of the first frame per image |
| folders named as frames | one image per object; equal names are the same object |
| folders of images named as frames | each folder is an object |
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from storage.datasets.images.file_checks import check_inside
from storage.datasets.images.frame_matching import VideoFrames, like_frames
from storage.datasets.images.image_files import image_files
from storage.datasets.images.names import name_fault
from storage.datasets.images.natural_order import in_natural_order
from storage.datasets.images.upright_images import upright_size
from storage.datasets.masks.given_images import (
    read_given_image,
    read_given_map,
    read_given_object,
)
from storage.datasets.masks.label_maps import object_ids
from storage.datasets.masks.object_layers import MapReader, ids_of_names, layer_readers
from storage.datasets.masks.white_masks import readers_together
from storage.datasets.source import UInt8Array
from storage.errors import DatasetError

_SAME_OBJECT = 0.5
"""Intersection over union above which two masks show the same object."""
_SHOWN = 10


@dataclass(frozen=True)
class FolderMasks:
    """Masks of a folder.

    Args:
        readers: readers of label maps by frame name.
        note: how names were matched, if that is not obvious.
    """

    readers: Mapping[str, MapReader]
    note: str = ""


def read_mask_folder(place: Path, frames: VideoFrames) -> FolderMasks:
    """Open the masks of a folder.

    Names and sizes are checked. Images are decoded if their names are not those of frames.

    Raises:
        DatasetError: names cannot be matched with frames, sizes differ, or an image holds several
            objects where one is expected.
    """
    files, folders = in_natural_order(image_files(place)), folders_of(place)
    if bool(files) == bool(folders):
        held = "both images and folders" if files else "neither images nor folders"
        raise DatasetError(f"{place} holds {held}. Give it masks, or one folder per frame.")
    if folders:
        return _folders(place, folders, frames)
    others = [path.name for path in files if path.stem not in frames.order]
    if 0 < len(others) < len(files):
        raise DatasetError(
            f"{place}: {', '.join(others[:_SHOWN])} {'is' if len(others) == 1 else 'are'} not "
            "named like a frame of the video, but others are. Name all masks as frames, or none."
        )
    for path in files:
        check_file(path, place, frames)
    if not others:
        return FolderMasks(_label_maps({path.stem: path for path in files}))
    matched = _frames_meant(place, files, frames)
    if matched is None:
        return FolderMasks(_objects({frames.names[0]: files}, place, frames))
    first = files[0]
    return FolderMasks(
        _label_maps({matched[path.stem]: path for path in files}),
        f"{place}: masks are matched with frames by the numbers in their names, such as "
        f"{first.name} with frame {matched[first.stem]}.",
    )


def mask_images(place: Path) -> list[Path]:
    """Image files of a folder and of the folders in it."""
    return [path for folder in (place, *folders_of(place)) for path in image_files(folder)]


def folders_of(place: Path) -> list[Path]:
    """Folders in a folder that are not hidden, in natural order."""
    return in_natural_order(p for p in place.iterdir() if p.is_dir() and p.name[0] != ".")


def check_file(path: Path, place: Path, frames: VideoFrames) -> None:
    """Refuse links out of `place`, unusable names, and other sizes; DatasetError."""
    check_place(path, place)
    check_size(path, frames)


def check_place(path: Path, place: Path) -> None:
    """Refuse links out of `place` and unusable names; DatasetError."""
    check_inside(path, place)
    if fault := name_fault(path.stem):
        raise DatasetError(f"{str(path)!r} cannot be a mask: its name {fault}. Rename it.")


def check_size(path: Path, frames: VideoFrames) -> None:
    """Refuse a mask of another size, from its header alone; DatasetError."""
    found, size = upright_size(path), frames.size
    if found != size:
        raise DatasetError(
            f"The mask {path} is {found[1]}x{found[0]}, but the video is {size[1]}x{size[0]}. "
            f"{frames.note + ' ' if frames.note else ''}Draw the mask at the video's size."
        )


def _label_maps(files: Mapping[str, Path]) -> dict[str, MapReader]:
    """Readers of the label maps of one video, by frame name."""
    return readers_together({name: partial(read_given_image, path) for name, path in files.items()})


def _folders(place: Path, folders: Sequence[Path], frames: VideoFrames) -> FolderMasks:
    """Folders of frames with images of objects, or folders of objects with images of frames."""
    images = {folder: in_natural_order(image_files(folder)) for folder in folders}
    inner = {path.stem for paths in images.values() for path in paths}
    named = all(folder.name in frames.order for folder in folders)
    if inner and not named and inner <= set(frames.order):
        by_frame: dict[str, list[Path]] = {}
        for paths in images.values():
            for path in paths:
                by_frame.setdefault(path.stem, []).append(path)
        readers = _objects(by_frame, place, frames, folder_is_object=True)
        first = folders[0].name
        return FolderMasks(readers, f"{place}: each folder in it is an object, such as {first}.")
    found: dict[str, list[Path]] = {}
    for folder in folders:
        found.setdefault(frames.find(folder.name, str(folder)), []).extend(images[folder])
    return FolderMasks(_objects(found, place, frames))


def _objects(
    by_frame: Mapping[str, Sequence[Path]],
    place: Path,
    frames: VideoFrames,
    *,
    folder_is_object: bool = False,
) -> dict[str, MapReader]:
    """Readers of frames with one image per object; the object has the image's or folder's name."""
    paths = [path for of_frame in by_frame.values() for path in of_frame]
    for path in paths:
        check_file(path, place, frames)
    if not paths:
        raise DatasetError(f"{place}: its folders hold no images. Put the masks there.")
    name_of = {path: path.parent.name if folder_is_object else path.stem for path in paths}
    ids = ids_of_names(set(name_of.values()), place)
    return layer_readers(
        frames.size,
        {
            frame: [
                (ids[name_of[path]], str(path), partial(read_given_object, path))
                for path in of_frame
            ]
            for frame, of_frame in by_frame.items()
        },
    )


def _frames_meant(place: Path, files: Sequence[Path], frames: VideoFrames) -> dict[str, str] | None:
    """Frames by the stems of files that are not named as frames; None if they are objects.

    Raises:
        DatasetError: names and content leave this open.
    """
    stems = [path.stem for path in files]
    matched, named = frames.match(stems), like_frames(stems)
    if matched and named:
        return matched
    mentioned = next((path for path in files if frames.mentioned_in(path.stem)), None)
    several = next((path for path in files if len(object_ids(read_given_map(path))) > 1), None)
    if several and matched and len(files) > 1:
        return matched
    problem = ""
    if named:
        problem = f"{files[0].name} is named as a frame"
    elif several:
        problem = f"{several.name} holds several objects, so it is the label map of a frame"
    elif mentioned:
        problem = f"{mentioned.name} is named after a frame and something else"
    if problem:
        raise DatasetError(
            f"{place}: {problem}, but not all names can be matched with the video's frames, "
            f"{frames.names[0]} to {frames.names[-1]}. Name label maps as the frames, or make a "
            "folder for each frame with one image per object."
        )
    if matched and _alike(files):
        raise DatasetError(
            f"{place}: {files[0].name} to {files[-1].name} may be objects of the first frame, or "
            f"one object in frames {matched[stems[0]]} to {matched[stems[-1]]}. Name them as the "
            "frames, or put objects into a folder that is named as their frame."
        )
    return None


def _alike(files: Sequence[Path]) -> bool:
    """Whether masks overlap from file to file, as in successive frames of a video."""
    before: UInt8Array | None = None
    for path in files:
        mask = read_given_object(path)
        if before is not None:
            union = int(np.count_nonzero(mask | before))
            if union and int(np.count_nonzero(mask & before)) > _SAME_OBJECT * union:
                return True
        before = mask
    return False
