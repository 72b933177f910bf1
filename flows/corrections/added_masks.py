"""Reads the masks that a correction adds, and checks whose objects they show."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from flows.commands.first_masks import frame_files
from storage.datasets.images.frame_matching import VideoFrames
from storage.datasets.masks.frame_masks import read_frame_masks
from storage.datasets.masks.label_maps import object_ids
from storage.datasets.source import VOID, UInt8Array
from tasks.errors import ParameterError


def added_masks(
    masks: Sequence[str], frames: VideoFrames, objects: Sequence[int]
) -> Mapping[str, UInt8Array]:
    """Label maps by the name of their frame, without void pixels.

    Args:
        masks: FRAME=FILE each.
        frames: the frames of the video.
        objects: ids of the video's objects.

    Raises:
        ParameterError: a mask is written in another way, or shows an object the video has not.
        DatasetError: as `read_frame_masks`.
    """
    files = frame_files(masks)
    found = read_frame_masks(files, frames)
    given = {frames.find(frame, f"the mask {file}"): file for frame, file in files.items()}
    return {name: _checked(found[name], given[name], name, frames.video, objects) for name in found}


def _checked(
    label_map: UInt8Array, file: Path, frame: str, video: str, objects: Sequence[int]
) -> UInt8Array:
    """A label map whose objects the video has; a black and white mask is its only object."""
    ids = object_ids(label_map)
    if len(objects) == 1 and ids == (1,) and objects[0] != 1:
        label_map = np.where(label_map == 1, objects[0], label_map).astype(np.uint8)
        ids = (objects[0],)
    if strange := sorted(set(ids) - set(objects)):
        has = ", ".join(map(str, objects))
        raise ParameterError(
            f"the mask {file} of frame {frame} shows object {strange[0]}, which {video} does not "
            f"have (it has {has}): erase object {strange[0]} in {file}, or start again with all "
            f"objects, `maskrnn segment VIDEO --mask 0=FIRST --mask {frame}={file}`"
        )
    return np.where(label_map == VOID, 0, label_map).astype(np.uint8)
