"""Image files of the user's masks, which may come from any drawing program."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from storage.datasets.images.image_files import read_bytes
from storage.datasets.images.orientation import UPRIGHT, oriented
from storage.datasets.images.upright_images import OWN_CURE, exif_orientation
from storage.datasets.masks.label_maps import (
    check_mode,
    grey_levels,
    is_grey,
    label_map_of_plain,
    lossy_message,
    object_ids,
)
from storage.datasets.masks.mask_alpha import without_alpha
from storage.datasets.masks.mask_images import MaskImage, decode_mask
from storage.datasets.masks.mask_palettes import ids_of_indices
from storage.datasets.masks.mask_quality import is_lossy
from storage.datasets.masks.white_masks import GivenMask, Values
from storage.datasets.source import UInt8Array
from storage.errors import DatasetError, LossyMaskError

_HALF = 128
_BLACK, _WHITE, _UNCLEAR_SHARE = 48, 208, 0.25
"""A lossy black and white mask has few levels between these two, only at its edges."""
_NEAR_GREY = 24


@dataclass(frozen=True, eq=False)
class GivenImage(GivenMask):
    """What a mask file shows.

    Args:
        reading: how the file was read, if that is not obvious; otherwise empty.
    """

    labels: UInt8Array
    reading: str = ""


def read_given_map(path: Path) -> UInt8Array:
    """Label map as uint8 (H, W); see `read_given_image`."""
    return read_given_image(path).labels


def read_given_object(path: Path) -> UInt8Array:
    """Mask of one object as uint8 (H, W) of 0 and 1; see `read_given_image`.

    Raises:
        DatasetError: as `read_given_image`; also if the image holds several objects.
    """
    labels = read_given_map(path)
    objects = object_ids(labels)
    if len(objects) > 1:
        raise DatasetError(
            f"{path} holds {len(objects)} objects ({', '.join(map(str, objects[:10]))}), where one "
            "object per image is expected. Name label maps as the frames of the video."
        )
    return np.asarray(labels == (objects[0] if objects else 255), dtype=np.uint8)


def read_given_image(path: Path) -> GivenImage:
    """Read an image file as a label map.

    As `label_maps.read_label_map`, with one exception. An image is one object, 1, if its only value
    besides 0 is 255, if it is white with soft edges (grey or colour mode), or if it is a lossy file
    in black and white.

    Raises:
        DatasetError: the file is damaged or has another mode or unknown colours, its grey levels
            may be soft edges or ids, or it cannot hold ids because it was saved with loss.
    """
    data, name = read_bytes(path, OWN_CURE), str(path)
    stored = decode_mask(data, name, OWN_CURE)
    orientation = exif_orientation(data)
    if orientation != UPRIGHT:
        stored = replace(stored, values=oriented(stored.values, orientation))
    image, from_alpha = _plain(stored, name)
    if stored.lossy:
        reading = "read in black and white, as one object, because a lossy file cannot hold ids"
        return GivenImage(_lossy_object(image, name), Values.OBJECT, reading)
    labels, values = _labels(image, name)
    if is_lossy(labels):
        raise DatasetError(
            f"{name} holds {len(object_ids(labels))} levels that change from pixel to pixel, as "
            "after JPEG compression, smooth resizing or dithering: they cannot be object ids. "
            "Export the mask again as a PNG, and resize it without interpolation (nearest)."
        )
    if from_alpha:
        reading = "its alpha channel is read as the mask of one object"
        return GivenImage(labels, Values.OBJECT, reading)
    if stored.mode == "P" and not np.array_equal(image.values, stored.values):
        reading = "its palette was sorted anew, so ids are read from its colours"
        return GivenImage(labels, values, reading)
    return GivenImage(labels, values)


def _plain(stored: MaskImage, name: str) -> tuple[MaskImage, bool]:
    """The image without alpha, ids for indices; and whether its alpha channel is the mask."""
    if stored.mode == "P":
        ids = ids_of_indices(stored.values, stored.palette, name, by_colour=True)
        return replace(stored, values=ids), False
    if stored.mode in ("LA", "RGBA"):
        return without_alpha(stored)
    check_mode(stored, name)
    return stored, False


def _labels(image: MaskImage, name: str) -> tuple[UInt8Array, Values]:
    """The label map of an image that was saved without loss, and what its values are."""
    if not is_grey(image):
        return label_map_of_plain(image, name), Values.IDS
    values = grey_levels(image)
    if int(values.max(initial=0)) < 255:
        if image.mode == "RGB":
            return label_map_of_plain(image, name), Values.IDS
        return values, Values.OBJECT if image.mode == "1" else Values.IDS
    between = (values > 0) & (values < 255)
    if not between.any():
        return (values >= _HALF).astype(np.uint8), Values.WHITE
    if image.mode == "P" or int(values[between].max()) < _HALF:
        return values, Values.IDS  # and void
    if int(between.sum()) > int((values == 255).sum()):
        raise DatasetError(
            f"{name} holds grey levels up to white that may be soft edges or objects. Save it as a "
            "palette PNG whose index is the object id, or in black and white."
        )
    return (values >= _HALF).astype(np.uint8), Values.OBJECT


def _lossy_object(image: MaskImage, name: str) -> UInt8Array:
    """The object of a lossy file in black and white."""
    values = image.values if image.values.ndim == 3 else image.values[..., np.newaxis]
    levels = values.max(axis=2)
    coloured = levels - values.min(axis=2) > _NEAR_GREY
    bright = levels >= _BLACK
    unclear = (bright & (levels < _WHITE)) | coloured
    white = int((levels >= _WHITE).sum())
    if not white or int(unclear.sum()) > _UNCLEAR_SHARE * int(bright.sum()):
        raise LossyMaskError(lossy_message(name))
    return np.asarray(levels >= _HALF, dtype=np.uint8)
