"""The annotations of a video without its frames, for evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from storage.datasets.masks.label_maps import MaskReader
from storage.datasets.source import UInt8Array
from storage.errors import DatasetError

DAVIS_PROTOCOL = "davis2017-semi-supervised"
"""Evaluation protocol of data sets that have none of their own."""


@dataclass(frozen=True)
class MaskFiles:
    """Mask files of one video.

    Args:
        files: mask files by frame name; frames without an entry are not annotated.
        read: reads one mask file.
        layers: empty if one file is a whole label map. Otherwise each file is the mask of one
            object, and these are the object ids of a frame's files.
    """

    files: Mapping[str, tuple[Path, ...]]
    read: MaskReader
    layers: tuple[int, ...] = ()

    def label_map(self, name: str) -> UInt8Array | None:
        """Label map of the frame `name` as uint8 (H, W); None if it has no mask.

        A pixel in several masks belongs to the lowest id.

        Raises:
            DatasetError: a file is damaged, or the files of the frame differ in size.
        """
        paths = self.files.get(name)
        if paths is None:
            return None
        if not self.layers:
            return self.read(paths[0])
        labels: UInt8Array | None = None
        for layer, path in sorted(zip(self.layers, paths, strict=True), reverse=True):
            mask = self.read(path)
            if labels is None:
                labels = np.zeros(mask.shape, np.uint8)
            if mask.shape != labels.shape:
                raise DatasetError(
                    f"{path} has size {mask.shape}, but the frame's other masks have "
                    f"{labels.shape}. Restore the file from the dataset's archive."
                )
            labels[mask != 0] = layer
        return labels


class AnnotatedVideo(Protocol):
    """Annotations of one video, decoded on request; must be picklable."""

    @property
    def name(self) -> str: ...

    @property
    def frame_names(self) -> tuple[str, ...]:
        """Names of the annotated frames, in order."""
        ...

    @property
    def other_frames(self) -> frozenset[str]:
        """Names of frames without annotation."""
        ...

    @property
    def objects(self) -> tuple[int, ...] | None:
        """Ids that the layout names; None if the first annotation defines them."""
        ...

    def label_map(self, index: int) -> UInt8Array:
        """Annotation `index`, uint8 (H, W); raises DatasetError if the file is damaged."""
        ...


@dataclass(frozen=True)
class FileAnnotations:
    """An `AnnotatedVideo` of mask files."""

    name: str
    masks: MaskFiles
    other_frames: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def frame_names(self) -> tuple[str, ...]:
        return tuple(self.masks.files)

    @property
    def objects(self) -> tuple[int, ...] | None:
        return self.masks.layers or None

    def label_map(self, index: int) -> UInt8Array:
        labels = self.masks.label_map(self.frame_names[index])
        if labels is None:  # cannot happen: the names come from the files
            raise IndexError(f"{self.name} has no annotation {index}")
        return labels


@dataclass(frozen=True)
class DatasetNotes:
    """What a data set contains about its videos, besides frames and masks.

    Args:
        attributes: attributes by video, such as OCC (occlusion); empty if there are none.
        stable: videos whose temporal stability counts. None: all videos.
    """

    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stable: frozenset[str] | None = None
