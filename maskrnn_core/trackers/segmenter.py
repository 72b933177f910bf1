"""A whole video through a tracker of another package; the counterpart of `VideoSegmenter`."""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.geometry.boxes import mask_box
from maskrnn_core.inference.one_frame import with_annotation
from maskrnn_core.inference.results import SegmentedFrame
from maskrnn_core.inference.state import TrackState
from maskrnn_core.prefetch import prefetch_map
from maskrnn_core.trackers.protocol import CutTracker, FrameTracker, ResumableTracker
from maskrnn_core.video import UInt8Array, Video

_OWN = "own."
"""Before the names of the tracker's own arrays in a saved state."""


def reading_start(start: int, state: Mapping[str, NDArray[Any]] | None) -> int:
    """The first frame that must be read to give frame `start`, by what `state` told before it.

    It is `start`, unless a tracker without a state of its own sees the frames of the shot again.
    """
    return start if state is None else int(state.get("replay_from", start))


class TrackerSegmenter:
    """Gives the results of a video in order; continues after a saved state.

    A tracker that keeps its own state is continued with it. Any other one sees the frames since the
    beginning of the shot again, and gives the same if it is deterministic. At a cut a tracker
    without `cut` is built anew: its objects are lost until they are given again.

    Args:
        video: frames, sizes, and label maps of the frames in which objects start.
        build: makes the tracker.
        name: of the tracker, for errors.
        starts: ids of the objects that start at a frame, anew where they have started before; None
            lets each start in its first annotated frame alone.
        is_cut: whether another shot begins with a frame; asked after the frame was read.
        keep_soft_masks: whether results hold masks in place of probabilities, 0 or 255.

    Attributes:
        waited: seconds for which frames were waited for.
    """

    def __init__(
        self,
        video: Video,
        build: Callable[[], FrameTracker],
        name: str,
        *,
        starts: Mapping[int, Sequence[int]],
        is_cut: Callable[[int], bool] = lambda index: False,
        keep_soft_masks: bool = False,
    ) -> None:
        self._video = video
        self._build = build
        self._name = name
        self._starts = starts
        self._is_cut = is_cut
        self._keep_soft_masks = keep_soft_masks
        self._tracker = build()
        self._started: set[int] = set()
        self._shot = self._replay_shot = self._replay_from = 0
        self.waited = 0.0

    def state(self) -> dict[str, NDArray[Any]]:
        """What the frames after the one that was given last depend on, as arrays."""
        shared = {
            "objects": np.array(sorted(self._started), np.int64),
            "shot": np.array(self._shot, np.int64),
        }
        if isinstance(self._tracker, ResumableTracker):
            own = self._tracker.state() if self._started else {}
            return {**shared, **{_OWN + name: np.asarray(array) for name, array in own.items()}}
        return {
            **shared,
            "replay_from": np.array(self._replay_from, np.int64),
            "replay_shot": np.array(self._replay_shot, np.int64),
        }

    def frames(
        self, start: int = 0, state: Mapping[str, NDArray[Any]] | None = None
    ) -> Generator[SegmentedFrame, None, None]:
        """Results from frame `start` on; arguments as for `VideoSegmenter.frames`.

        Frames are read from `reading_start` on.

        Raises:
            InvalidInputError: the tracker's result is no label map of the frame and its objects.
        """
        first = reading_start(start, state)
        if state is not None:
            self._load(state)
        indices = range(first, self._video.frame_count)
        with prefetch_map(self._read, indices) as arriving:
            for index in indices:
                asked = time.perf_counter()
                frame, is_cut = next(arriving)
                self.waited += time.perf_counter() - asked
                # A shot that is seen again from its first frame has been counted before.
                seen_again = index == first < start
                result = self._segmented(index, frame, is_cut and not seen_again)
                if index >= start:
                    yield result

    def _read(self, index: int) -> tuple[UInt8Array, bool]:
        return self._video.frame(index), self._is_cut(index)

    def _load(self, state: Mapping[str, NDArray[Any]]) -> None:
        if isinstance(self._tracker, ResumableTracker):
            self._started = set(state["objects"].tolist())
            if self._started:  # otherwise the tracker has seen no frame yet
                own = {n.removeprefix(_OWN): a for n, a in state.items() if n.startswith(_OWN)}
                self._tracker.load_state(own)
            self._shot = int(state["shot"])
        else:
            self._shot = self._replay_shot = int(state["replay_shot"])
            self._replay_from = int(state["replay_from"])

    def _cut(self, index: int) -> None:
        self._shot += 1
        if isinstance(self._tracker, CutTracker):
            if self._started:  # otherwise the tracker has seen no frame yet
                self._tracker.cut()
            return
        self._tracker = self._build()
        self._started = set()
        self._replay_from, self._replay_shot = index, self._shot

    def _segmented(self, index: int, frame: UInt8Array, is_cut: bool) -> SegmentedFrame:
        if is_cut:
            self._cut(index)
        new = self._starts.get(index, ())
        self._started |= set(new)
        label_map = np.zeros(self._video.output_size, np.uint8)
        if self._started:
            label_map = self._stepped(index, frame, self._mask(index, new))
        if new:
            label_map = with_annotation(self._video, index, new, label_map)
        return self._result(index, label_map)

    def _mask(self, index: int, new: Sequence[int]) -> UInt8Array | None:
        """Label map of the objects that start at a frame, at working size."""
        label_map = self._video.label_map(index) if new else None
        if label_map is None:
            return None
        return np.where(np.isin(label_map, list(new)), label_map, 0).astype(np.uint8)

    def _stepped(self, index: int, frame: UInt8Array, mask: UInt8Array | None) -> UInt8Array:
        """What the tracker says of a frame, checked and at output size."""
        found = np.asarray(self._tracker.step(frame, mask))
        where = f"tracker {self._name}, {self._video.name}, frame {index}"
        if found.shape != frame.shape[:2] or not np.issubdtype(found.dtype, np.integer):
            raise InvalidInputError(
                f"{where}: step returned {found.dtype} {found.shape}; it must return a label map "
                f"of whole numbers {frame.shape[:2]}"
            )
        if strange := set(np.unique(found).tolist()) - self._started - {0}:
            raise InvalidInputError(
                f"{where}: step returned the labels {sorted(strange)[:5]}, but the objects are "
                f"{sorted(self._started)}; it must return 0 or the id of an object"
            )
        height, width = self._video.output_size
        labels = found.astype(np.uint8)
        if labels.shape != (height, width):
            how = cv2.INTER_NEAREST_EXACT
            labels = np.asarray(cv2.resize(labels, (width, height), interpolation=how), np.uint8)
        return labels

    def _result(self, index: int, label_map: UInt8Array) -> SegmentedFrame:
        """States and boxes as the label map shows them; a tracker states no confidence."""
        ids, shown = self._video.objects, self._keep_soft_masks
        boxes = [mask_box(label_map == object_id) for object_id in ids]
        masks = [np.where(label_map == i, 255, 0).astype(np.uint8) for i in ids] if shown else None
        return SegmentedFrame(
            index,
            label_map,
            tuple(int(self._state_of(i, index, box)) for i, box in zip(ids, boxes, strict=True)),
            np.array([np.zeros(4) if box is None else box for box in boxes], np.float32),
            np.array([float(box is not None) for box in boxes], np.float32),
            self._shot,
            None if masks is None else np.stack(masks),
        )

    def _state_of(self, object_id: int, index: int, box: object) -> TrackState:
        if box is not None:
            return TrackState.TRACKED
        begun = any(object_id in ids for frame, ids in self._starts.items() if frame <= index)
        return TrackState.LOST if begun else TrackState.ABSENT
