"""Defines a clip that is segmented while it is decoded, and the options for that."""

from dataclasses import dataclass
from pathlib import Path

from storage.datasets.masks.given_masks import masks_digest
from storage.datasets.masks.mask_kinds import IMAGE_SUFFIXES
from storage.datasets.readers.clip import open_clip
from storage.datasets.readers.own_video import MaskedVideo


@dataclass(frozen=True)
class StreamedClip:
    """One video, or a part of it, with its masks; small, so that units open it on their worker.

    Args:
        video: local path of a video file or a folder of images.
        masks: local path of its masks, in a form that `storage.datasets.masks.given_masks` reads.
        name: name in the store.
        start: seconds from the video's beginning; None from the first frame.
        end: seconds, exclusive; None to the end.
    """

    video: str
    masks: str
    name: str
    start: float | None = None
    end: float | None = None

    def open(self) -> MaskedVideo:
        """Return the clip as a source; nothing is read yet.

        Raises:
            DatasetError: the name cannot name a folder.
        """
        return open_clip(Path(self.video), Path(self.masks), self.name, self.start, self.end)

    @property
    def has_single_mask(self) -> bool:
        """Whether the masks are one image, and so those of one frame; opens no file."""
        place = Path(self.masks)
        is_named = place.suffix.lower() in IMAGE_SUFFIXES - {""}
        return is_named or (not place.suffix and place.is_file())

    def digests(self) -> tuple[str, str]:
        """Return sha256 of the frames and of the masks, as `stream_key` takes them; decode nothing.

        Raises:
            DatasetError: files cannot be read.
        """
        return self.frames_digest(), masks_digest(Path(self.masks))

    def frames_digest(self) -> str:
        """Return sha256 of the frames of the whole video; errors as for `digests`."""
        return StreamedClip(self.video, self.masks, self.name).open().frames_digest()


@dataclass(frozen=True)
class StreamOptions:
    """How a clip is streamed.

    Args:
        cuts: whether to search for cuts; otherwise the clip is one shot.
        cut_ratio: change of a frame, relative to those around it, that counts as a cut.
        cut_change: smallest change of a cut, mean over hue, saturation and value in 0..255.
        soft_masks: keep the probability of each object, with 8 bits per value.
    """

    cuts: bool = True
    cut_ratio: float = 2.0
    cut_change: float = 15.0
    soft_masks: bool = False
