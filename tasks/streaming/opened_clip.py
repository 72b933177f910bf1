"""Defines a clip whose masks were read and checked, and whose frames are still to be decoded."""

from collections.abc import Mapping, Sequence
from functools import cached_property

from maskrnn_core.video import UInt8Array
from storage.datasets.masks.label_maps import object_ids
from storage.datasets.source import RemarkedVideo, SourceVideo, TimedVideo
from storage.errors import DatasetError
from storage.kinds.video_writer import working_frame, working_label_map, working_size


class OpenedClip:
    """Sizes, objects and where they start; frames and label maps on request.

    Args:
        source: frames (cheapest to read in ascending order) and masks.
        short_side: of the working size, in pixels; None keeps the source's.

    Raises:
        DatasetError: frames or masks cannot be used, or an object has no pixel at the working
            size in any of its given masks.
    """

    def __init__(self, source: SourceVideo, short_side: int | None) -> None:
        self._source = source
        self.name = source.name
        self.frame_names: Sequence[str] = source.frame_names
        self.frame_count = source.frame_count
        self.frame_times = source.frame_times if isinstance(source, TimedVideo) else None
        height, width = source.frame(0).shape[:2]
        self.output_size: tuple[int, int] = (height, width)
        self.size = working_size(self.output_size, short_side)
        self.objects: Sequence[int] = source.objects
        self._check_objects()

    @property
    def remarks(self) -> list[str]:
        """What a person should check about the clip and its masks, a sentence each."""
        return self._source.remarks() if isinstance(self._source, RemarkedVideo) else []

    @cached_property
    def starts(self) -> Mapping[int, Sequence[int]]:
        """Ids of the objects in each given mask, by frame, ascending."""
        found = {
            index: object_ids(self.label_map(index))
            for index in range(self.frame_count)
            if self._source.label_map(index) is not None
        }
        return {index: ids for index, ids in found.items() if ids}

    def first_frame(self, object_id: int) -> int:
        """The frame of the object's first mask."""
        return next(index for index, ids in self.starts.items() if object_id in ids)

    def frame(self, index: int) -> UInt8Array:
        """Frame as uint8 (H, W, 3), RGB, at working size."""
        frame = self._source.frame(index)
        if frame.shape[:2] != self.output_size:
            raise DatasetError(
                f"video {self.name}: frame {self.frame_names[index]} has shape {frame.shape[:2]}, "
                f"the first {self.output_size}. Bring all frames to one size."
            )
        return working_frame(frame, self.size)

    def label_map(self, index: int) -> UInt8Array | None:
        """Label map as uint8 (H, W) at working size; None for a frame without one."""
        label_map = self._source.label_map(index)
        return None if label_map is None else working_label_map(label_map, self.size)

    def annotation(self, index: int) -> UInt8Array | None:
        """Label map as given; None for a frame without one."""
        return self._source.label_map(index)

    def _check_objects(self) -> None:
        kept = {object_id for ids in self.starts.values() for object_id in ids}
        if lost := [object_id for object_id in self.objects if object_id not in kept]:
            raise DatasetError(
                f"video {self.name}: object {', '.join(map(str, lost))} has no pixel left at the "
                f"working size {self.size[1]}x{self.size[0]}. Give a larger short side, or leave "
                "the video out."
            )
