"""The annotations of a video without its frames: what evaluation reads."""

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
        files: by frame name the files of its mask; frames without an entry are not annotated.
        read: reads one of them.
        layers: empty where one file is a whole label map; else the object ids to which a frame's
            files belong, one mask of one object each.
    """

    files: Mapping[str, tuple[Path, ...]]
    read: MaskReader
    layers: tuple[int, ...] = ()

    def label_map(self, name: str) -> UInt8Array | None:
        """Label map as uint8 (H, W) of the frame `name`, None without a mask.

        A pixel in several masks belongs to the lowest id.

        Raises:
            DatasetError: when a file is damaged, or sizes of a frame's files differ.
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
                    f"{path} measures {mask.shape}, the frame's other masks {labels.shape}. "
                    "Restore the file from the dataset's archive."
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
        """Ids that the layout names; None where the first annotation tells them."""
        ...

    def label_map(self, index: int) -> UInt8Array:
        """Annotation `index`, uint8 (H, W); DatasetError for a damaged file."""
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
        if labels is None:  # the names are those of the files
            raise IndexError(f"{self.name} has no annotation {index}")
        return labels


@dataclass(frozen=True)
class DatasetNotes:
    """What a dataset tells of its videos besides frames and masks.

    Args:
        attributes: by video its attributes, such as OCC (occlusion); empty where there are none.
        stable: videos whose temporal stability counts; None counts all.
    """

    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stable: frozenset[str] | None = None
