"""Reads the user's masks of a video, in any usual form: the objects and their first frames.

| place | read as |
|---|---|
| an image file | label map of the first frame, or one object in black and white |
| a folder of images | see `mask_folders` |
| a folder of .json files | see `mask_json`, one file per frame |
| a .json file | see `mask_json`, or boxes and points: see `prompts.prompt_file` |
| a .npy or .npz file | see `array_masks` |
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np

from storage.datasets.images.frame_matching import VideoFrames, like_frames
from storage.datasets.images.image_files import read_bytes
from storage.datasets.images.natural_order import in_natural_order, natural_key
from storage.datasets.json_masks.json_mask import JsonMask
from storage.datasets.json_masks.mask_json import read_mask_json
from storage.datasets.masks.array_masks import ARRAY_SUFFIXES, read_array_masks
from storage.datasets.masks.given_images import read_given_image, read_given_map
from storage.datasets.masks.label_maps import object_ids
from storage.datasets.masks.mask_folders import (
    check_place,
    check_size,
    mask_images,
    read_mask_folder,
)
from storage.datasets.masks.mask_kinds import refuse_no_mask
from storage.datasets.masks.mask_quality import quality_remarks
from storage.datasets.masks.object_layers import (
    MOST_OBJECTS,
    Layer,
    MapReader,
    check_count,
    layer_readers,
    layered,
)
from storage.datasets.prompts.grab_cut import GRAB_CUT_VERSION
from storage.datasets.prompts.prompt_file import Prompt, read_prompts
from storage.datasets.source import UInt8Array
from storage.errors import DatasetError, MissingDatasetError

_READER_VERSION, _TOGETHER_VERSION = 2, 3
"""Increased when the same files are read as other label maps than before. The second one holds for
folders and arrays, whose masks are read together; so keys of results from single files stay."""

Picture = Callable[[str], UInt8Array]
"""Reads a frame by its name."""


@dataclass(frozen=True)
class GivenMasks:
    """Label maps by frame name, decoded on demand. Every member may raise DatasetError.

    Args:
        place: file or folder.
        readers: readers by frame name, in the order of the frames.
        images: image files among the masks.
        notes: how names and identities were interpreted, if that is not obvious.
    """

    place: Path
    readers: Mapping[str, MapReader]
    images: Sequence[Path] = ()
    notes: Sequence[str] = ()

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

    def remarks(self) -> list[str]:
        """What is unusual about the masks: how files were read, and how first masks look."""
        readings = [(path, read_given_image(path).reading) for path in self.images]
        found = [*self.notes, *(f"{path}: {reading}." for path, reading in readings if reading)]
        seen: set[int] = set()
        for name, read in self.readers.items():
            labels = read()
            first = np.where(np.isin(labels, list(seen)), 0, labels).astype(np.uint8)
            found += [f"The mask of frame {name}: {what}." for what in quality_remarks(first)]
            seen.update(object_ids(labels))
        return found


def open_masks(place: Path, frames: VideoFrames, picture: Picture | None = None) -> GivenMasks:
    """Open the masks of a video's frames; files are decoded on demand.

    Args:
        place: file or folder.
        frames: the frames of the video.
        picture: reads a frame by its name; only boxes and points need it.

    Raises:
        MissingDatasetError: the place does not exist.
        DatasetError: masks have another size or belong to no frame of the video, there are too
            many objects, or the files have none of the forms above.
    """
    readers: Mapping[str, MapReader]
    images: Sequence[Path] = ()
    note = ""
    if place.is_dir() and not mask_images(place) and (documents := _json_files(place)):
        readers, note = _json_readers(place, _labelled(_framed(documents, frames)), frames)
    elif place.is_dir():
        folder = read_mask_folder(place, frames)
        readers, note, images = folder.readers, folder.note, mask_images(place)
    elif (prompts := read_prompts(place)) is not None:
        readers = _prompt_readers(prompts, frames, picture)
        note = f"{place} holds boxes and points: the masks follow from them by GrabCut."
    elif place.suffix.lower() == ".json":
        readers, note = _json_readers(place, read_mask_json(place, frames), frames)
    elif place.suffix.lower() in ARRAY_SUFFIXES and place.exists():
        readers = read_array_masks(place, frames)
    elif place.exists():
        refuse_no_mask(place)
        check_size(place, frames)
        readers, images = {frames.names[0]: partial(read_given_map, place)}, [place]
    else:
        raise MissingDatasetError(f"The mask {place} is not there. Correct the path.")
    ordered = sorted(readers, key=frames.order.__getitem__)
    notes = [note] if note else []
    return GivenMasks(place, {name: readers[name] for name in ordered}, images, notes)


def _prompt_readers(
    prompts: Sequence[Prompt], frames: VideoFrames, picture: Picture | None
) -> dict[str, MapReader]:
    """Readers by frame name; each label map is made once, because GrabCut takes its time."""
    if picture is None:
        raise DatasetError(f"{prompts[0].where}: boxes and points need frames. Give masks here.")
    by_frame: dict[str, list[Prompt]] = {}
    for prompt in prompts:
        prompt.check_inside(frames.size)
        named = prompt.frame
        name = frames.names[0] if named is None else frames.find(named, prompt.where)
        by_frame.setdefault(name, []).append(prompt)

    def read(name: str, found: Sequence[Prompt]) -> UInt8Array:
        frame = picture(name)
        layers = [(p.object_id, p.where, partial(p.mask, frame)) for p in found]
        return layered(frames.size, layers)

    return {name: cache(partial(read, name, found)) for name, found in by_frame.items()}


def masks_digest(place: Path) -> str:
    """sha256 (hex) over names and bytes of all mask files at a place; errors as `open_masks`."""
    files = [place]
    if place.is_dir():
        files = mask_images(place) or _json_files(place)
    together = place.is_dir() or place.suffix.lower() in ARRAY_SUFFIXES
    version = _TOGETHER_VERSION if together else _READER_VERSION
    digest = sha256(f"{version}\n".encode())
    if read_prompts(place) is not None:
        digest.update(f"GrabCut {GRAB_CUT_VERSION} {cv2.__version__}\n".encode())
    for path in files:
        check_place(path, place)
        data = read_bytes(path)
        name = "" if path == place else path.relative_to(place).with_suffix("").as_posix()
        digest.update(f"{name} {len(data)}\n".encode())
        digest.update(data)
    return digest.hexdigest()


def _json_files(place: Path) -> list[Path]:
    """JSON files of a folder, in natural order."""
    return in_natural_order(p for p in place.glob("*.json") if p.name[0] != ".")


def _framed(documents: Sequence[Path], frames: VideoFrames) -> list[JsonMask]:
    """Masks of files whose name, or whose picture's name, is that of a frame."""
    found = []
    for path in documents:
        for mask in read_mask_json(path, frames):
            if mask.frame is None or mask.is_only_picture:
                named = mask.frame is not None and mask.frame in frames.order
                frame = str(mask.frame) if named else frames.find(path.stem, str(path))
                mask = replace(mask, frame=frame, is_only_picture=False)
            found.append(mask)
    return found


def _labelled(masks: Sequence[JsonMask]) -> list[JsonMask]:
    """Masks with their label as identity, if no frame has two objects with the same label."""
    anonymous = [m for m in masks if m.object_id is None and m.identity is None]
    places = {(mask.frame, mask.label) for mask in anonymous}
    if len(places) < len(anonymous) or any(mask.label is None for mask in anonymous):
        return list(masks)
    ids = {id(mask) for mask in anonymous}
    return [replace(m, identity=m.label) if id(m) in ids else m for m in masks]


def _json_readers(
    place: Path, masks: Sequence[JsonMask], frames: VideoFrames
) -> tuple[dict[str, MapReader], str]:
    """Readers by frame name, and remarks about the objects."""
    layers: dict[str, list[Layer]] = {}
    for object_id, mask in _numbered(masks, place):
        layer = (object_id, mask.where, partial(mask.read, frames.size))
        layers.setdefault(_frame_of(mask, frames), []).append(layer)
    note = ""
    if len(layers) > 1 and all(m.object_id is None and m.identity is None for m in masks):
        note = (
            f"{place} does not say which masks of its {len(layers)} frames are of the same "
            f"object, so each of its {len(masks)} masks is a separate object."
        )
    return layer_readers(frames.size, layers), note


def _frame_of(mask: JsonMask, frames: VideoFrames) -> str:
    if mask.frame is None:
        return frames.names[0]
    if not mask.is_only_picture:
        return frames.find(mask.frame, mask.where)
    named = mask.frame in frames.order or like_frames([str(mask.frame)])
    return (frames.look_up(mask.frame, mask.where) if named else None) or frames.names[0]


def _numbered(masks: Sequence[JsonMask], place: Path) -> list[tuple[int, JsonMask]]:
    """Masks with their own ids; without one, an id per identity, or the lowest free id."""
    used = {mask.object_id for mask in masks if mask.object_id is not None}
    anonymous = sum(mask.object_id is None and mask.identity is None for mask in masks)
    names = {m.identity for m in masks if m.object_id is None and m.identity is not None}
    check_count(len(used) + len(names) + anonymous, place)
    ids = {name: int(name) for name in names if _is_id(name)}
    if len(ids) < len(names) or len(set(ids.values())) < len(ids) or used & set(ids.values()):
        free = (number for number in range(1, 2 * MOST_OBJECTS + 1) if number not in used)
        ids = dict(zip(sorted(names, key=natural_key), free, strict=False))
    used |= set(ids.values())
    free = (number for number in range(1, 2 * MOST_OBJECTS + 1) if number not in used)
    return [(mask.object_id or ids.get(mask.identity or "") or next(free), mask) for mask in masks]


def _is_id(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) < 10 and 1 <= int(name) <= MOST_OBJECTS
