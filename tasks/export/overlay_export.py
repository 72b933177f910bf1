"""Exports a prediction as a video for viewing: the frames with the objects tinted."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from maskrnn_core.drawing.overlays import overlay
from maskrnn_core.video import UInt8Array
from storage.errors import DatasetError, MissingArtifactError
from storage.export.png_folders import check_names
from storage.export.video_files import write_mp4
from storage.files.output_folder import OutputFolder
from storage.kinds.predictions import StoredPrediction
from storage.kinds.stored_video import open_video
from storage.store.artifacts import ArtifactStore
from tasks.clip import StreamedClip

_CLIP = ("video", "masks", "name", "start", "end")


def export_overlay(store: ArtifactStore, prediction: StoredPrediction, out: OutputFolder) -> Path:
    """Write OUT/VIDEO.mp4, at the times of the frames.

    Frames come from the store, at working size, or from the video file of a streamed clip, at
    their original size.

    Args:
        store: the store with the prediction.
        prediction: what to draw.
        out: for all videos.

    Returns:
        The file.

    Raises:
        MissingArtifactError: the frames no longer exist.
        OccupiedOutputError: a file exists that this program did not write.
        StoreFullError, StoreAccessError: the file cannot be written.
        InvalidAddressError: the video's name cannot name a file.
    """
    check_names(prediction, out.path)
    frame = source_frames(store, prediction)
    name = f"{prediction.video}.mp4"
    with out.file(name) as file:
        write_mp4(file, _pictures(frame, prediction), prediction.frame_times)
    return out.path / name


def source_files(prediction: StoredPrediction) -> list[Path]:
    """Return local files and folders of a user's own video and its masks, which results must spare.

    None for a video of a data set. A relative path is left out: it was that of another folder.
    """
    source: Mapping[str, Any] = prediction.metadata.get("provenance", {}).get("source", {})
    if "video_key" not in source:  # a streamed clip, which was read from these files
        places = [source.get("video"), source.get("masks")]
    else:  # a stored video, whose "video" is its name
        origin: Mapping[str, Any] = source.get("origin") or {}
        places = [origin.get("root"), origin["masks"]] if origin.get("masks") else []
    return [Path(place) for place in places if place and Path(place).is_absolute()]


def source_frames(
    store: ArtifactStore, prediction: StoredPrediction
) -> Callable[[int], UInt8Array]:
    """Return a function from index to frame, at working or original size; call it in order.

    Raises:
        MissingArtifactError: the frames no longer exist.
    """
    source: Mapping[str, Any] = prediction.metadata["provenance"]["source"]
    if "video_key" in source:
        return open_video(store, source["video_key"]).frame
    clip = StreamedClip(**{name: source[name] for name in _CLIP})
    try:
        opened = clip.open()
        if opened.frame_count == prediction.frame_count and not _changed(clip, source):
            return opened.frame
        why = "the file has changed"
    except DatasetError as error:
        why = str(error)
    raise MissingArtifactError(
        f"The frames of {prediction.video} are needed, but {clip.video} cannot be "
        f"used: {why}. Restore the file, or export only label maps."
    )


def _changed(clip: StreamedClip, source: Mapping[str, Any]) -> bool:
    """Whether a clip's frames differ from those in a provenance."""
    return clip.frames_digest() != str(source["video_digest"])


def _pictures(
    frame: Callable[[int], UInt8Array], prediction: StoredPrediction
) -> Iterator[UInt8Array]:
    for index in range(prediction.frame_count):
        picture, labels = frame(index), prediction.label_map(index)
        if labels.shape != picture.shape[:2]:
            size = (picture.shape[1], picture.shape[0])
            labels = np.asarray(cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST), np.uint8)
        yield overlay(picture, labels)
