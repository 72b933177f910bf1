"""Writes videos: frames and label maps at working size, annotations at source size.

A video artifact holds the arrays `frames` (T, H, W, 3) uint8 RGB, `labels` (T, H, W) uint8 and,
when the working size differs from the source's, `annotations` (T, H0, W0) uint8; one chunk a frame.
Frames that are not annotated have no chunk in the latter two. The list `annotated` in the metadata
names the annotated frames.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import cv2
import numpy as np

from storage.datasets.masks.label_maps import object_ids
from storage.datasets.source import RemarkedVideo, SourceVideo, TimedVideo, UInt8Array
from storage.errors import DatasetError
from storage.kinds.frame_arrays import FrameArrayWriter
from storage.store.artifact_content import ArtifactWriter
from storage.store.artifacts import ArtifactStore

VIDEOS = "videos"

_VERSION = 1
"""Increased when the same source is stored as other bytes than before."""


def video_key(source: SourceVideo, short_side: int | None) -> str:
    """Key of a video artifact (sha256, hex) from fingerprint and size; decodes no frames.

    Args:
        source: the video.
        short_side: length of the shorter side at working size, pixels; None keeps the source's.

    Raises:
        ValueError: the short side is below 1.
        DatasetError: files of the source are damaged.
    """
    if short_side is not None and short_side < 1:
        raise ValueError(f"short_side is {short_side}; give at least 1 pixel, or None")
    text = json.dumps({"version": _VERSION, "of": source.fingerprint(), "short_side": short_side})
    return sha256(text.encode()).hexdigest()


def key_in_store(store: ArtifactStore, source: SourceVideo, short_side: int | None) -> str:
    """Key of the artifact to use for a video, in a store that may have it under another key.

    A short side that does not reduce the video leaves it as it is. So a video that was stored
    without one is the same, and need not be stored again.

    Args:
        store: the store.
        source: the video.
        short_side: as for `video_key`.

    Raises:
        ValueError, DatasetError: as `video_key`.
        CorruptArtifactError, NewerSchemaError: as `ArtifactStore.open`.
    """
    key = video_key(source, short_side)
    if short_side is None or store.exists(VIDEOS, key):
        return key
    whole = video_key(source, None)
    if store.exists(VIDEOS, whole):
        height, width = store.open(VIDEOS, whole).metadata["output_size"]
        if min(height, width) <= short_side:
            return whole
    return key


def working_size(size: tuple[int, int], short_side: int | None) -> tuple[int, int]:
    """Height and width after scaling the shorter side to `short_side`; never enlarges."""
    if short_side is None or min(size) <= short_side:
        return size
    scale = short_side / min(size)
    return round(size[0] * scale), round(size[1] * scale)


def working_frame(frame: UInt8Array, size: tuple[int, int]) -> UInt8Array:
    """Scale a frame (H, W, 3) down to a height and width, by area averaging."""
    return _resized(frame, size, cv2.INTER_AREA)


def working_label_map(label_map: UInt8Array, size: tuple[int, int]) -> UInt8Array:
    """Scale a label map (H, W) to another height and width, by nearest neighbour."""
    return _resized(label_map, size, cv2.INTER_NEAREST_EXACT)


def write_video(
    store: ArtifactStore,
    source: SourceVideo,
    short_side: int | None,
    origin: Mapping[str, Any] | None = None,
) -> str:
    """Store a video, with one frame in memory at a time; does nothing if it exists already.

    Args:
        store: the store to write to.
        source: the video.
        short_side: as for `video_key`.
        origin: JSON object that says where the source is; kept in the metadata.

    Returns:
        The key of the artifact.

    Raises:
        DatasetError: frames or masks are damaged or have other sizes, or an object vanishes at the
            working size. Nothing is stored then.
        StoreFullError: no space is left.
    """
    key = video_key(source, short_side)
    if store.exists(VIDEOS, key):
        return key
    with store.create(VIDEOS, key) as writer:
        recorder = _Recorder(writer, source, short_side)
        for index in range(source.frame_count):
            recorder.add(index, source.frame(index), source.label_map(index))
        writer.metadata = {**recorder.finish(), "origin": dict(origin or {})}
        writer.group().attrs.update(
            {name: writer.metadata[name] for name in ("dataset", "name", "content_digest")}
        )
    return key


class _Recorder:
    """Writes frames in order, and collects the metadata of the video."""

    def __init__(self, writer: ArtifactWriter, source: SourceVideo, short_side: int | None) -> None:
        self._writer = writer
        self._source = source
        self._short_side = short_side
        self._digest = sha256(
            json.dumps([source.name, source.frame_names, source.objects]).encode()
        )
        self._annotated: list[int] = []
        self._annotated_objects: list[list[int]] = []
        self._first_frames: dict[int, int] = {}
        self._given_frames: dict[int, int] = {}
        self._source_size = (0, 0)
        self._size = (0, 0)

    def add(self, index: int, frame: UInt8Array, label_map: UInt8Array | None) -> None:
        if index == 0:
            self._create_arrays((frame.shape[0], frame.shape[1]))
        self._check_shapes(index, frame, label_map)
        self._store(self._frames, index, working_frame(frame, self._size))
        if label_map is None:
            self._digest.update(b"none")
            return
        labels = working_label_map(label_map, self._size)
        self._store(self._labels, index, labels)
        if self._annotations is not None:
            self._store(self._annotations, index, label_map)
        self._annotated.append(index)
        self._annotated_objects.append([int(label) for label in object_ids(labels)])
        for label in object_ids(labels):
            self._first_frames.setdefault(label, index)
        for label in object_ids(label_map):
            self._given_frames.setdefault(label, index)

    def finish(self) -> dict[str, Any]:
        source = self._source
        if lost := [label for label in source.objects if label not in self._first_frames]:
            raise DatasetError(
                f"{source.dataset} video {source.name}: object {', '.join(map(str, lost))} has no "
                f"pixel left at the working size {self._size[1]}x{self._size[0]}. Give a larger "
                "short side, or leave the video out."
            )
        return {
            "dataset": source.dataset,
            "name": source.name,
            "fingerprint": source.fingerprint(),
            "short_side": self._short_side,
            "frame_count": source.frame_count,
            "frame_names": list(source.frame_names),
            "frame_times": source.frame_times if isinstance(source, TimedVideo) else None,
            "size": list(self._size),
            "output_size": list(self._source_size),
            "objects": list(source.objects),
            "first_frames": [self._first_frames[label] for label in source.objects],
            "given_frames": [self._given_frames[label] for label in source.objects],
            "annotated": self._annotated,
            "annotated_objects": self._annotated_objects,
            "remarks": source.remarks() if isinstance(source, RemarkedVideo) else [],
            "content_digest": self._digest.hexdigest(),
        }

    def _create_arrays(self, source_size: tuple[int, int]) -> None:
        count = self._source.frame_count
        self._source_size = source_size
        self._size = working_size(source_size, self._short_side)
        writer, size = self._writer, self._size

        def array(name: str, *shape: int) -> FrameArrayWriter:
            axes = ("axis1", "axis2", "axis3")[: len(shape)]
            return FrameArrayWriter(writer, name, count, shape, np.uint8, axes=axes)

        self._frames = array("frames", *size, 3)
        self._labels = array("labels", *size)
        self._annotations = array("annotations", *source_size) if size != source_size else None

    def _check_shapes(self, index: int, frame: UInt8Array, labels: UInt8Array | None) -> None:
        expected = (*self._source_size, 3)
        found = frame.shape if labels is None else (*labels.shape, 3)
        for what, shape in (("frame", frame.shape), ("label map", found)):
            if shape != expected:
                raise DatasetError(
                    f"{self._source.dataset} video {self._source.name}: {what} "
                    f"{self._source.frame_names[index]} has shape {shape[:2]}, the first frame "
                    f"{self._source_size}. Bring all frames and masks to one size."
                )

    def _store(self, array: FrameArrayWriter, index: int, values: UInt8Array) -> None:
        values = np.ascontiguousarray(values)
        array.write(index, values[np.newaxis])
        self._digest.update(str(values.shape).encode())
        self._digest.update(values.data)


def _resized(image: UInt8Array, size: tuple[int, int], interpolation: int) -> UInt8Array:
    if image.shape[:2] == size:
        return image
    resized = cv2.resize(image, (size[1], size[0]), interpolation=interpolation)
    return np.asarray(resized, dtype=np.uint8)
