"""Presents a clip as the core's `Video` that can only be read forwards."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow.estimator import FlowEstimator
from maskrnn_core.video import FloatArray, UInt8Array
from tasks.clip import StreamOptions
from tasks.streaming.frames import FrameWithFlow, frames_with_flow
from tasks.streaming.opened_clip import OpenedClip
from tasks.streaming.stage_clock import StageClock


class ForwardVideo:
    """Satisfies the core's Video protocol for one frame at a time, in ascending order.

    Label maps are available for any frame. Optical flow across a cut is None.

    Args:
        clip: the clip.
        frames: its frames, starting at any of them.
    """

    def __init__(self, clip: OpenedClip, frames: Iterator[FrameWithFlow]) -> None:
        self.name = clip.name
        self.frame_count = clip.frame_count
        self.size = clip.size
        self.output_size = clip.output_size
        self.objects: Sequence[int] = clip.objects
        self._clip = clip
        self._frames = frames
        self._now: FrameWithFlow | None = None

    def first_frame(self, object_id: int) -> int:
        return self._clip.first_frame(object_id)

    def label_map(self, index: int) -> UInt8Array | None:
        return self._clip.label_map(index)

    def annotation(self, index: int) -> UInt8Array | None:
        return self._clip.annotation(index)

    def frame(self, index: int) -> UInt8Array:
        return self._at(index).frame

    def backward_flow(self, index: int) -> FloatArray | None:
        return self._at(index).backward

    def forward_flow(self, index: int) -> FloatArray | None:
        return self._at(index).forward

    def is_cut(self, index: int) -> bool:
        """Whether a shot begins with the frame."""
        return self._at(index).is_cut

    def _at(self, index: int) -> FrameWithFlow:
        while self._now is None or self._now.index < index:
            following = next(self._frames, None)
            if following is None:
                raise IndexError(f"{self.name}: frame {index} comes after the last one")
            self._now = following
        if self._now.index > index:
            raise InvalidInputError(
                f"{self.name}: frame {index} was requested after frame {self._now.index}; a stream "
                "can only be read forwards"
            )
        return self._now


@dataclass(frozen=True)
class ClipStream:
    """Decodes a clip, as often as needed.

    Args:
        clip: the clip.
        estimator: of its optical flow; None if nothing needs it.
        options: how cuts are found.
        clock: adds up the time for decoding and optical flow.
    """

    clip: OpenedClip
    estimator: FlowEstimator | None
    options: StreamOptions
    clock: StageClock

    @contextmanager
    def video(self, start: int) -> Iterator[ForwardVideo]:
        """Yield the clip from a frame on, decoded in the background until the block ends."""
        with frames_with_flow(self.clip, self.estimator, self.options, self.clock, start) as frames:
            yield ForwardVideo(self.clip, frames)
