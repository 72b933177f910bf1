"""Masks that are given one by one for frames of a video."""

from collections.abc import Mapping
from pathlib import Path

from storage.datasets.images.frame_matching import VideoFrames
from storage.datasets.masks.given_images import read_given_map
from storage.datasets.masks.label_maps import object_ids
from storage.datasets.masks.mask_folders import check_size
from storage.datasets.masks.mask_kinds import refuse_no_mask
from storage.datasets.source import UInt8Array
from storage.errors import DatasetError, MissingDatasetError


def read_frame_masks(files: Mapping[str, Path], frames: VideoFrames) -> dict[str, UInt8Array]:
    """Read image files as label maps.

    Args:
        files: image files by frame: the name of the frame, or its index from 0.
        frames: the frames of the video.

    Returns:
        Label maps as uint8 (H, W) by the name of the frame, in the order of the frames.

    Raises:
        MissingDatasetError: a file does not exist.
        DatasetError: there is no such frame, two masks belong to the same one, or a file is no
            mask, has another size or shows no object.
    """
    found: dict[str, UInt8Array] = {}
    for reference, file in files.items():
        name = frames.find(reference, f"the mask {reference}={file}")
        if name in found:
            raise DatasetError(f"Frame {name} has two masks. Put its objects into one.")
        if not file.is_file():
            raise MissingDatasetError(f"The mask {file} is not there. Give an image file.")
        refuse_no_mask(file)
        check_size(file, frames)
        found[name] = read_given_map(file)
        if not object_ids(found[name]):
            raise DatasetError(f"The mask {file} shows no object. Mark at least one.")
    return {name: found[name] for name in sorted(found, key=frames.order.__getitem__)}
