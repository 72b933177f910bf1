"""Shows a stored video as finetuning and inference may see it: with its given masks alone."""

from collections.abc import Mapping, Sequence

import numpy as np

from maskrnn_core.video import VOID, FloatArray, UInt8Array
from storage.kinds.masks import load_mask
from storage.kinds.stored_video import StoredVideo, open_video
from storage.kinds.video_writer import working_label_map
from storage.store.artifacts import ArtifactStore
from tasks.given import GivenMask, frames_of, starts_of
from tasks.keys import PreparedVideo


class GivenVideo:
    """Satisfies the core's Video protocol; annotations that are not given are not there.

    Args:
        store: store of the video.
        stored: the video.
        given: its given masks, at least one per object.
    """

    def __init__(
        self, store: ArtifactStore, stored: StoredVideo, given: Sequence[GivenMask]
    ) -> None:
        self.name = stored.name
        self.frame_count = stored.frame_count
        self.size = stored.size
        self.output_size = stored.output_size
        self.objects: Sequence[int] = stored.objects
        self._store = store
        self._stored = stored
        self._given = given

    @property
    def starts(self) -> Mapping[int, Sequence[int]]:
        """Ids of the objects whose masks are given, by frame."""
        return starts_of(self._given)

    def frames_of(self, object_id: int) -> list[int]:
        """Frames in which the mask of an object is given, ascending."""
        return frames_of(self._given, object_id)

    def first_frame(self, object_id: int) -> int:
        return self.frames_of(object_id)[0]

    def frame(self, index: int) -> UInt8Array:
        return self._stored.frame(index)

    def label_map(self, index: int) -> UInt8Array | None:
        parts = [mask for mask in self._given if mask.frame == index]
        if not parts:
            return None
        maps = [
            working_label_map(load_mask(self._store, part.mask), self.size)
            if part.mask
            else self._stored.label_map(index)
            for part in parts
        ]
        return _joined(parts, maps, self.size)

    def annotation(self, index: int) -> UInt8Array | None:
        parts = [mask for mask in self._given if mask.frame == index]
        if not parts:
            return None
        maps = [
            load_mask(self._store, part.mask) if part.mask else self._stored.annotation(index)
            for part in parts
        ]
        return _joined(parts, maps, self.output_size)

    def backward_flow(self, index: int) -> FloatArray | None:
        return self._stored.backward_flow(index)

    def forward_flow(self, index: int) -> FloatArray | None:
        return self._stored.forward_flow(index)


def open_given(store: ArtifactStore, video: PreparedVideo) -> StoredVideo | GivenVideo:
    """Open a video with its flow: as it is, or with its given masks alone if it has several.

    Raises:
        MissingArtifactError, CorruptArtifactError, NewerSchemaError: see `ArtifactStore.open`.
    """
    stored = open_video(store, video.key, video.flow_key)
    return GivenVideo(store, stored, video.given) if video.given else stored


def _joined(
    parts: Sequence[GivenMask], maps: Sequence[UInt8Array | None], size: tuple[int, int]
) -> UInt8Array:
    """The given objects of a frame; void stays where no object is."""
    joined = np.zeros(size, np.uint8)
    for labels in maps:
        if labels is not None:
            joined[labels == VOID] = VOID
    for part, labels in zip(parts, maps, strict=True):
        if labels is not None:
            shown = np.isin(labels, part.objects)
            joined[shown] = labels[shown]
    return joined
