"""A stored video with its flow; training and inference read it one frame at a time."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from storage.datasets.masks.label_maps import object_ids
from storage.datasets.source import UInt8Array
from storage.errors import MissingArtifactError
from storage.kinds.flow_encoding import FloatArray
from storage.kinds.frame_arrays import FrameArrayReader
from storage.kinds.stored_flow import StoredFlow
from storage.kinds.video_writer import VIDEOS
from storage.store.artifacts import ArtifactStore


class StoredVideo:
    """Implements the core's Video protocol; holds no frames in memory between calls.

    Args:
        store: store of the video.
        key: key of the video artifact.
        flow_key: key of its flow artifact; without it, flow cannot be read.

    Raises:
        MissingArtifactError, CorruptArtifactError, NewerSchemaError: see `ArtifactStore.open`.
    """

    def __init__(self, store: ArtifactStore, key: str, flow_key: str | None = None) -> None:
        artifact = store.open(VIDEOS, key)
        known = artifact.metadata
        self.key = key
        self.attributes: Mapping[str, Any] = known
        self.dataset: str = known["dataset"]
        self.name: str = known["name"]
        self.content_digest: str = known["content_digest"]
        self.frame_count: int = known["frame_count"]
        self.frame_names: tuple[str, ...] = tuple(known["frame_names"])
        times = known.get("frame_times")  # earlier versions did not store them
        self.frame_times: tuple[float, ...] | None = None if times is None else tuple(times)
        self.objects: tuple[int, ...] = tuple(known["objects"])
        self.size: tuple[int, int] = (known["size"][0], known["size"][1])
        self.output_size: tuple[int, int] = (known["output_size"][0], known["output_size"][1])
        self._first_frames = dict(zip(self.objects, known["first_frames"], strict=True))
        self._annotated = frozenset(known["annotated"])
        self._frames = FrameArrayReader(artifact, "frames")
        self._labels = FrameArrayReader(artifact, "labels")
        self._annotations = (
            self._labels
            if self.size == self.output_size
            else FrameArrayReader(artifact, "annotations")
        )
        self._flow = None if flow_key is None else StoredFlow(store, flow_key)
        found = None if self._flow is None else (self._flow.frame_count, *self._flow.size)
        if found not in (None, (self.frame_count, *self.size)):
            raise ValueError(
                f"Flow {flow_key} has (frames, height, width) {found}, video {self.name} has "
                f"{(self.frame_count, *self.size)}: it belongs to another video."
            )

    @cached_property
    def annotated_objects(self) -> Mapping[int, tuple[int, ...]]:
        """Ids of the objects in each annotated frame, at working size; errors as for `frame`."""
        frames = self.attributes["annotated"]
        known = self.attributes.get("annotated_objects")  # earlier versions did not store them
        if known is None:
            known = [object_ids(self.label_map(index)) for index in frames]
        return {
            frame: tuple(i for i in ids if i in self.objects)
            for frame, ids in zip(frames, known, strict=True)
        }

    def first_frame(self, object_id: int) -> int:
        """Index of the first frame in which the object is annotated.

        Raises:
            KeyError: the id is not in `objects`.
        """
        if object_id not in self._first_frames:
            raise KeyError(f"video {self.name} has no object {object_id}, only {self.objects}")
        return int(self._first_frames[object_id])

    def frame(self, index: int) -> UInt8Array:
        """Frame as uint8 (H, W, 3), RGB, at working size.

        Raises:
            IndexError: the index is outside 0..frame_count-1.
            CorruptArtifactError: the chunk is missing or damaged. The methods below raise it, too.
        """
        return np.asarray(self._frames.read(index), dtype=np.uint8)

    def label_map(self, index: int) -> UInt8Array | None:
        """Label map as uint8 (H, W) at working size; None if the frame is not annotated."""
        return self._annotated_frame(self._labels, index)

    def annotation(self, index: int) -> UInt8Array | None:
        """Label map as uint8 at `output_size`, the size of the source; None if not annotated."""
        return self._annotated_frame(self._annotations, index)

    def backward_flow(self, index: int) -> FloatArray | None:
        """flow[index -> index - 1], float32 (H, W, 2), (dx, dy) in pixels; None at index 0.

        Raises:
            MissingArtifactError: the video was opened without flow.
        """
        return self._opened_flow().backward(index)

    def forward_flow(self, index: int) -> FloatArray | None:
        """flow[index -> index + 1], None at the last frame; otherwise as `backward_flow`."""
        return self._opened_flow().forward(index)

    def _annotated_frame(self, array: FrameArrayReader, index: int) -> UInt8Array | None:
        if not 0 <= index < self.frame_count:
            raise IndexError(f"frame {index} is outside 0..{self.frame_count - 1} of {self.name}")
        if index not in self._annotated:
            return None
        return np.asarray(array.read(index), dtype=np.uint8)

    def _opened_flow(self) -> StoredFlow:
        if self._flow is None:
            raise MissingArtifactError(
                f"Video {self.name} was opened without flow. Give open_video the flow's key."
            )
        return self._flow


def open_video(store: ArtifactStore, key: str, flow_key: str | None = None) -> StoredVideo:
    """Open a stored video; arguments and errors as for `StoredVideo`."""
    return StoredVideo(store, key, flow_key)
