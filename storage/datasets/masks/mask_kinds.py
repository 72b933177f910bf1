"""Refuses files that are not masks: says what they are, and what to give instead."""

from pathlib import Path

from storage.datasets.images.file_kinds import file_kind
from storage.datasets.images.image_files import SUFFIXES
from storage.errors import DatasetError

IMAGE_SUFFIXES = SUFFIXES | {"", ".gif"}

READ_MASKS = (
    "Masks are read from images (PNG; JPEG in black and white), folders of images, JSON files "
    "(COCO, YouTube-VIS, SA-V, BURST, labelme, VIA) and NumPy arrays (.npy, .npz)"
)

_CURES = {
    "archive": "Unpack it, and give the folder or the file with the masks in it",
    "video": "Videos are compressed with loss and cannot hold object ids. Give the masks as PNG "
    "images, one per object or a label map, such as those from which the video was made",
    "gif": "Save the mask as a PNG",
    "xml": "CVAT exports the same as 'COCO 1.0' (a .json file) or as 'Segmentation mask 1.1' "
    "(images in the folder SegmentationObject); give one of them",
    "json": "Give its name the ending .json",
    "array": "Give its name the ending .npy or .npz",
}


def refuse_no_mask(path: Path) -> None:
    """Refuse a file that is not an image, by its first bytes.

    Raises:
        DatasetError: says what the file is, and what to give instead.
    """
    kind = file_kind(path)
    if kind is None and path.is_file() and path.suffix.lower() not in IMAGE_SUFFIXES:
        raise DatasetError(f"{path} is not a known kind of image. {READ_MASKS}.")
    if kind is None or kind.group == "image":
        return
    cure = _CURES.get(kind.group, "Save the mask as a PNG")
    raise DatasetError(f"{path} is {kind.name}, not a mask. {cure}. {READ_MASKS}.")
