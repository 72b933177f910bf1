"""A part of a video, by time."""

from functools import cached_property
from hashlib import sha256
from pathlib import Path

from storage.datasets.images.frame_sequences import FrameSequence, ImageFolder
from storage.datasets.readers.own_video import OWN, MaskedVideo, open_own_video
from storage.datasets.source import UInt8Array
from storage.datasets.video.video_file import VideoFile
from storage.errors import DatasetError


class ClippedFrames:
    """A `FrameSequence` of the frames of another one within an interval of time.

    Frames keep their names and times; indices count from the clip's first frame.

    Args:
        frames: the whole sequence.
        start: seconds from its first frame. None: the first frame.
        end: seconds from its first frame, exclusive. None: the end of the sequence.
    """

    def __init__(self, frames: FrameSequence, start: float | None, end: float | None) -> None:
        self.place = frames.place
        self._frames = frames
        self._start = 0.0 if start is None else start
        self._end = float("inf") if end is None else end

    @property
    def frame_names(self) -> tuple[str, ...]:
        return self._frames.frame_names[self._range]

    @property
    def size(self) -> tuple[int, int]:
        return self._frames.size

    @property
    def times(self) -> tuple[float, ...] | None:
        times = self._frames.times
        return None if times is None else times[self._range]

    @property
    def remarks(self) -> tuple[str, ...]:
        return self._frames.remarks

    def digest(self) -> str:
        text = f"{self._frames.digest()}\n{self._start}\n{self._end}\n"
        return sha256(text.encode()).hexdigest()

    def frame(self, index: int) -> UInt8Array:
        count = self._range.stop - self._range.start
        if not 0 <= index < count:
            raise IndexError(f"frame {index} is outside 0..{count - 1} of a clip of {self.place}")
        return self._frames.frame(self._range.start + index)

    @cached_property
    def _range(self) -> slice:
        times = self._frames.times
        if times is None:
            raise DatasetError(
                f"{self.place} has no times of its frames. Leave start and end empty."
            )
        shown = [time - times[0] for time in times]
        first = sum(time < self._start for time in shown)
        last = sum(time < self._end for time in shown)
        if first >= last:
            raise DatasetError(
                f"{self.place} has no frame from {self._start:g} to {self._end:g} seconds: its "
                f"last frame is at {shown[-1]:g}. Correct start and end."
            )
        return slice(first, last)


def open_clip(
    video: Path, masks: Path, name: str, start: float | None = None, end: float | None = None
) -> MaskedVideo:
    """A video, or a part of it, with its masks; nothing is read yet.

    Args:
        video: file or folder of images.
        masks: file or folder in a form of `given_masks`, for the frames of the clip.
        name: name for the results.
        start: as for `ClippedFrames`.
        end: as for `ClippedFrames`.

    Raises:
        DatasetError: the name cannot be the name of a folder.
    """
    whole = open_own_video(video, masks, name)
    if start is None and end is None:
        return whole
    frames: FrameSequence = ImageFolder(video, masks) if video.is_dir() else VideoFile(video)
    return MaskedVideo(OWN, name, ClippedFrames(frames, start, end), masks)
