"""Image files of the user's masks, which may come from any drawing program."""

from pathlib import Path

import numpy as np

from storage.datasets.images.image_files import read_bytes
from storage.datasets.masks.label_maps import label_map_of
from storage.datasets.masks.mask_images import decode_mask
from storage.datasets.source import UInt8Array
from storage.errors import DatasetError

_HALF = 128


def read_given_map(path: Path) -> UInt8Array:
    """Label map as uint8 (H, W): 0 background, 1..254 objects, 255 void.

    Works like `masks.read_label_map`, with one difference: an image is one object (1) if its only
    value besides 0 is 255, or if it is white with soft edges (grey or colour mode).

    Raises:
        DatasetError: the file is damaged, has another mode or unknown colours, or has grey levels
            that may be soft edges or ids.
    """
    data = read_bytes(path)
    image = decode_mask(data, str(path))
    values = image.values[..., 0] if image.values.ndim == 3 else image.values
    is_grey = image.values.ndim == 2 or bool(
        (image.values[..., : image.values.shape[2] // 3 * 3 or 1] == values[..., None]).all()
    )
    if values.dtype != np.uint8 or not is_grey or int(values.max(initial=0)) < 255:
        return label_map_of(data, str(path))
    between = (values > 0) & (values < 255)
    if not between.any():
        return (values >= _HALF).astype(np.uint8)
    if image.mode == "P" or int(values[between].max()) < _HALF:
        return label_map_of(data, str(path))  # ids and void
    if int(between.sum()) > int((values == 255).sum()):
        raise DatasetError(
            f"{path} has grey levels up to white that may be soft edges or objects. Save it as a "
            "palette PNG whose index is the object id, or in black and white."
        )
    return (values >= _HALF).astype(np.uint8)
