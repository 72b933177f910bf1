"""Masks in a JSON file: COCO run lengths and polygons, for one frame or several.

The file is one of these: a mask; a list of entries; {frame: list of entries}, where a frame is its
name or its index from 0; or COCO's {"images": ..., "annotations": ...}. An entry is a mask, or an
object with "segmentation" and optionally "frame" and "object" (or "object_id", "track_id",
"instance_id"). A mask is {"size": [height, width], "counts": ...} or a list of polygons.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from storage.datasets.masks.polygons import fill_polygons
from storage.datasets.masks.run_lengths import decode_run_lengths
from storage.datasets.source import UInt8Array
from storage.errors import DatasetError

_MOST_BYTES = 1 << 26
_OBJECT_KEYS = ("object", "object_id", "track_id", "instance_id")
_HELP = "docs/own-videos.md lists the forms that are read"


@dataclass(frozen=True)
class JsonMask:
    """One mask of one object in one frame.

    Args:
        where: file and position in it, for messages.
        frame: name or index of its frame. None: the first frame.
        object_id: id in the file; None if the file has none.
        shape: run lengths or polygons, as in the file.
    """

    where: str
    frame: str | int | None
    object_id: int | None
    shape: Any

    def read(self, size: tuple[int, int]) -> UInt8Array:
        """The mask as uint8 (H, W) of 0 and 1.

        Raises:
            DatasetError: it has another size, or is neither run lengths nor polygons.
        """
        try:
            if isinstance(self.shape, dict):
                declared = self.shape.get("size")
                if declared != list(size):
                    raise ValueError(f"the size is {declared}, but the frames have {list(size)}")
                counts = self.shape.get("counts")
                if not isinstance(counts, str | list):
                    raise ValueError("counts are neither a text nor a list")
                return decode_run_lengths(counts, size)
            return fill_polygons(self.shape, size)
        except (TypeError, ValueError, OverflowError) as error:
            raise DatasetError(f"{self.where}: {error}. Write the mask again.") from error


def read_mask_json(path: Path) -> list[JsonMask]:
    """All masks of a file, in its order, not yet decoded.

    Raises:
        DatasetError: it is no JSON, or has none of the forms above.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise DatasetError(f"{path} is larger than {_MOST_BYTES >> 20} MiB. Split it.")
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(f"{path} is not a readable JSON file ({error}). {_HELP}.") from error
    found = list(_masks(path, document))
    if not found:
        raise DatasetError(f"{path} holds no mask. {_HELP}.")
    return found


def _masks(path: Path, document: Any) -> Iterator[JsonMask]:
    if isinstance(document, dict) and isinstance(document.get("annotations"), list):
        images = _images(path, document.get("images") or [])
        for place, entry in enumerate(document["annotations"]):
            where = f"{path}, annotation {place}"
            if not isinstance(entry, dict):
                raise DatasetError(f"{where} is no JSON object. {_HELP}.")
            number = entry.get("image_id")
            known = isinstance(number, int | str) and number in images
            if len(images) > 1 and not known:
                raise DatasetError(f"{where}: there is no image {number!r}. {_HELP}.")
            frame = images[number] if len(images) > 1 else None
            yield _mask(where, frame, entry)
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
        raise DatasetError(f"{path} holds no mask. {_HELP}.")


def _images(path: Path, listed: Any) -> dict[Any, str]:
    """Frame names by the ids of COCO's images."""
    try:
        return {image["id"]: PurePosixPath(image["file_name"]).stem for image in listed}
    except (KeyError, TypeError) as error:
        raise DatasetError(f"{path}: its images lack {error}. {_HELP}.") from error


def _mask(where: str, frame: str | int | None, entry: Any) -> JsonMask:
    shape, object_id = entry, None
    if isinstance(entry, dict) and "segmentation" in entry:
        shape = entry["segmentation"]
        frame = entry.get("frame", frame)
        object_id = next((entry[key] for key in _OBJECT_KEYS if entry.get(key) is not None), None)
    if not _is_shape(shape):
        raise DatasetError(f"{where} is neither run lengths nor a list of polygons. {_HELP}.")
    if isinstance(frame, bool) or not (frame is None or isinstance(frame, str | int)):
        raise DatasetError(f"{where}: the frame {frame!r} is neither a name nor an index.")
    if object_id is not None and (type(object_id) is not int or not 1 <= object_id <= 254):
        raise DatasetError(f"{where}: the object is {object_id!r}; give a number from 1 to 254.")
    return JsonMask(where, frame, object_id, shape)


def _is_shape(value: Any) -> bool:
    if isinstance(value, dict):
        return "counts" in value
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(polygon, list) and polygon for polygon in value)
        and all(isinstance(number, int | float) for polygon in value for number in polygon)
    )
