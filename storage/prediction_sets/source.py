"""The interface of predictions for evaluation, independent of their files."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from storage.datasets.masks.label_maps import binary_mask_of, label_map_of
from storage.datasets.source import UInt8Array


@dataclass(frozen=True)
class ReadOptions:
    """How mask files become label maps.

    Args:
        binary: whether everything except background is object 1.
        only_object: id of a video's only object; black and white masks then show this object.
    """

    binary: bool = False
    only_object: int | None = None

    def decode(self, data: bytes, name: str) -> UInt8Array:
        """Label map uint8 (H, W) of a mask file; raises DatasetError if the file is damaged."""
        if self.binary:
            return binary_mask_of(data, name)
        return label_map_of(data, name, self.only_object)


class PredictionSet(Protocol):
    """Label maps by video and frame, decoded on demand; must be picklable."""

    @property
    def name(self) -> str:
        """Short name for tables."""
        ...

    @property
    def place(self) -> str:
        """Path for messages."""
        ...

    def frames(self, video: str, annotated: Sequence[str]) -> list[str] | None:
        """Names of the predicted frames, in order; None if there is no such video.

        Frames without names get the names of `annotated`, in order.

        Raises:
            DatasetError: the prediction of the video cannot be read as frames.
        """
        ...

    def label_map(self, video: str, frame: str, options: ReadOptions) -> UInt8Array:
        """Label map as uint8 (H, W) of a frame that `frames` names.

        Raises:
            DatasetError: it is damaged; the message names the file.
        """
        ...
