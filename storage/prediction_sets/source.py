"""What evaluation asks of predictions, wherever they are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from storage.datasets.masks.label_maps import binary_mask_of, label_map_of
from storage.datasets.source import UInt8Array


@dataclass(frozen=True)
class ReadOptions:
    """How mask files become label maps.

    Args:
        binary: whatever is not background is object 1.
        only_object: id of a video's one object, which black and white masks mean.
    """

    binary: bool = False
    only_object: int | None = None

    def decode(self, data: bytes, name: str) -> UInt8Array:
        """Label map uint8 (H, W) of a mask file; DatasetError, naming it, when it is damaged."""
        if self.binary:
            return binary_mask_of(data, name)
        return label_map_of(data, name, self.only_object)


class PredictionSet(Protocol):
    """Label maps by video and frame, decoded on request; must be picklable."""

    @property
    def name(self) -> str:
        """Short name for tables."""
        ...

    @property
    def place(self) -> str:
        """Path for messages."""
        ...

    def frames(self, video: str, annotated: Sequence[str]) -> list[str] | None:
        """Names of the frames that there are, in order; None without such a video.

        Where frames have no names, they are those of `annotated`, in order.

        Raises:
            DatasetError: when what is there cannot be read as frames.
        """
        ...

    def label_map(self, video: str, frame: str, options: ReadOptions) -> UInt8Array:
        """Label map as uint8 (H, W) of a frame that `frames` names.

        Raises:
            DatasetError: when it is damaged; names the file.
        """
        ...
