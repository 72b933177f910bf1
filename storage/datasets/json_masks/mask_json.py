"""Masks in a JSON file: COCO run lengths and polygons, for one frame or several.

A file holds one mask; a list of entries; {frame: list of entries} with a frame's name or index from
0; COCO's {"images": ..., "annotations": ...}; or a form of `json_forms`. An entry is a mask, or a
JSON object with a "segmentation". It may also have a "frame" and an "object" (or "object_id").
Otherwise a "track_id" or "instance_id", also among "attributes", identifies the object. A mask is
{"size": [height, width], "counts": ...} or a list of polygons.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from storage.datasets.images.frame_matching import VideoFrames
from storage.datasets.json_masks.json_forms import READ_FORMS, masks_of_program
from storage.datasets.json_masks.json_mask import JsonMask
from storage.errors import DatasetError

_MOST_BYTES = 1 << 26
_OBJECT_KEYS = ("object", "object_id")
_IDENTITY_KEYS = ("track_id", "instance_id", "trackid", "track id", "instance id", "object_id")
"""CVAT, Datumaro and others write identities among the attributes."""


@dataclass(frozen=True)
class _Picture:
    """One of COCO's images."""

    name: str
    size: tuple[int, int] | None


def read_mask_json(path: Path, frames: VideoFrames) -> list[JsonMask]:
    """All masks of a file, in its order, not yet decoded.

    Args:
        path: the file.
        frames: frames of the video, to find the frames of a list of files.

    Raises:
        DatasetError: the file is not JSON, or has none of the forms above.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise DatasetError(f"{path} is larger than {_MOST_BYTES >> 20} MiB. Split it.")
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(f"{path} is not a readable JSON file ({error}).") from error
    found = masks_of_program(path, document, frames)
    if found is None:
        found = list(_masks(path, document))
    if not found:
        raise DatasetError(f"{path} holds no mask. {READ_FORMS}")
    return found


def _masks(path: Path, document: Any) -> Iterator[JsonMask]:
    if isinstance(document, dict) and isinstance(document.get("annotations"), list):
        yield from _coco(path, document)
    elif isinstance(document, list):
        if _is_shape(document):
            yield _mask(str(path), None, document)
            return
        for place, entry in enumerate(document):
            yield _mask(f"{path}, entry {place}", None, entry)
    elif isinstance(document, dict) and ("counts" in document or "segmentation" in document):
        yield _mask(str(path), None, document)
    elif isinstance(document, dict):
        for frame, entries in document.items():
            listed = entries if isinstance(entries, list) and not _is_shape(entries) else [entries]
            for place, entry in enumerate(listed):
                yield _mask(f"{path}, frame {frame}, entry {place}", frame, entry)
    else:
        raise DatasetError(f"{path} holds no mask. {READ_FORMS}")


def _coco(path: Path, document: dict[str, Any]) -> Iterator[JsonMask]:
    images = _images(path, document.get("images") or [])
    for place, entry in enumerate(document["annotations"]):
        where = f"{path}, annotation {place}"
        if not isinstance(entry, dict):
            raise DatasetError(f"{where} is not a JSON object. {READ_FORMS}")
        number = entry.get("image_id")
        image = images.get(number) if isinstance(number, int | str) else None
        if len(images) > 1 and image is None:
            raise DatasetError(f"{where}: there is no image {number!r}. {READ_FORMS}")
        if len(images) == 1:
            (image,) = images.values()
        if not entry.get("segmentation"):
            raise DatasetError(
                f"{where} has no segmentation, perhaps a box only. Export masks or polygons."
            )
        frame, size = (None, None) if image is None else (image.name, image.size)
        yield _mask(where, frame, entry, size, is_only_picture=len(images) == 1)


def _images(path: Path, listed: Any) -> dict[Any, _Picture]:
    """Names of frames and sizes by the ids of COCO's images."""
    try:
        return {
            image["id"]: _Picture(PurePosixPath(image["file_name"]).stem, _size(image))
            for image in listed
        }
    except (KeyError, TypeError) as error:
        raise DatasetError(f"{path}: its images lack {error}. {READ_FORMS}") from error


def _size(image: Mapping[str, Any]) -> tuple[int, int] | None:
    height, width = image.get("height"), image.get("width")
    if type(height) is int and type(width) is int and height > 0 and width > 0:
        return height, width
    return None


def _mask(
    where: str,
    frame: str | int | None,
    entry: Any,
    size: tuple[int, int] | None = None,
    *,
    is_only_picture: bool = False,
) -> JsonMask:
    shape, object_id, identity = entry, None, None
    if isinstance(entry, dict) and "segmentation" in entry:
        shape = entry["segmentation"]
        is_only_picture = is_only_picture and "frame" not in entry
        frame = entry.get("frame", frame)
        object_id = next((entry[key] for key in _OBJECT_KEYS if entry.get(key) is not None), None)
        identity = _identity(entry)
    if not _is_shape(shape):
        raise DatasetError(f"{where} is neither run lengths nor a list of polygons. {READ_FORMS}")
    if isinstance(frame, bool) or not (frame is None or isinstance(frame, str | int)):
        raise DatasetError(f"{where}: the frame {frame!r} is neither a name nor an index.")
    if object_id is not None and (type(object_id) is not int or not 1 <= object_id <= 254):
        raise DatasetError(f"{where}: object {object_id!r}; give numbers from 1 to 254.")
    return JsonMask(where, frame, object_id, shape, identity, size, is_only_picture)


def _identity(entry: Mapping[str, Any]) -> str | None:
    """What identifies an object; CVAT numbers tracks from 0 on, among the attributes."""
    attributes = entry.get("attributes")
    inner = attributes if isinstance(attributes, dict) else {}
    named = {str(key).lower(): value for key, value in {**inner, **entry}.items()}
    for key in _IDENTITY_KEYS:
        value = named.get(key)
        if isinstance(value, int | str) and not isinstance(value, bool) and value != "":
            return str(value)
    return None


def _is_shape(value: Any) -> bool:
    if isinstance(value, dict):
        return "counts" in value
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(polygon, list) and polygon for polygon in value)
        and all(isinstance(number, int | float) for polygon in value for number in polygon)
    )
