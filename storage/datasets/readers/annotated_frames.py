"""A video stored as one image file per frame, with mask files beside it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from storage.datasets.images.image_files import (
    image_fault,
    read_bytes,
    read_frame,
    size_or_fault,
)
from storage.datasets.images.names import name_fault
from storage.datasets.masks.label_maps import object_ids
from storage.datasets.readers.annotations import MaskFiles
from storage.datasets.source import UInt8Array
from storage.errors import DatasetError

_READER_VERSION = 1
"""Increase this when the same files give other frames or label maps than before."""

_SHOWN = 10
_NUMBER = re.compile(r"(\d+)$")


@dataclass(frozen=True)
class FrameFiles:
    """Files of one video.

    Args:
        frames: frame files in order; the stem is the frame's name.
        masks: mask files by frame name.
        problems: errors found while listing; each names its file.
        sparse: whether the numbering may have gaps, and all objects may appear after the first
            frame.
    """

    frames: tuple[Path, ...]
    masks: MaskFiles
    problems: tuple[str, ...] = ()
    sparse: bool = False


class FrameFileVideo:
    """A `SourceVideo` of image files. Files are listed and checked at the first use.

    Args:
        dataset: name of the data set.
        name: name of the video.
        list_files: lists the files of the video; must be picklable.

    Every method raises DatasetError if the check fails. One message lists all problems: gaps in
    the numbering, empty or unreadable files, different sizes, masks without a frame, a first mask
    that is missing or empty.
    """

    def __init__(
        self,
        dataset: str,
        name: str,
        list_files: Callable[[], FrameFiles],
    ) -> None:
        self.dataset = dataset
        self.name = name
        self._list_files = list_files

    def __repr__(self) -> str:
        return f"FrameFileVideo({self.dataset!r}, {self.name!r})"

    @property
    def frame_count(self) -> int:
        return len(self._files.frames)

    @property
    def frame_names(self) -> tuple[str, ...]:
        return tuple(path.stem for path in self._files.frames)

    @cached_property
    def objects(self) -> tuple[int, ...]:
        """Ids in any mask of the video, ascending (decodes every mask once)."""
        masks = self._files.masks
        found: set[int] = set()
        for name in masks.files:
            found.update(object_ids(masks.label_map(name)))
        return tuple(sorted(found))

    def fingerprint(self) -> str:
        """sha256 over dataset, names and bytes of every frame and mask.

        Raises:
            DatasetError: files are truncated; the message names all of them.
        """
        return self._fingerprint

    def frame(self, index: int) -> UInt8Array:
        """Frame as uint8 (H, W, 3), RGB."""
        return read_frame(self._files.frames[self._checked(index)])

    def label_map(self, index: int) -> UInt8Array | None:
        """Label map as uint8 (H, W); None if the frame has no mask file."""
        files = self._files
        return files.masks.label_map(files.frames[self._checked(index)].stem)

    def _checked(self, index: int) -> int:
        if not 0 <= index < self.frame_count:
            raise IndexError(f"frame {index} is outside 0..{self.frame_count - 1} of {self.name}")
        return index

    @cached_property
    def _files(self) -> FrameFiles:
        files = self._list_files()
        gaps = [] if files.sparse else _numbering_problems(files)
        self._refuse([*files.problems, *gaps, *_file_problems(files)])
        annotated = [frame.stem for frame in files.frames if frame.stem in files.masks.files]
        for name in annotated if files.sparse else annotated[:1]:
            if object_ids(files.masks.label_map(name)):
                return files
        name = annotated[0]
        label_map = files.masks.label_map(name)
        void = " besides void (255)" if label_map is not None and label_map.any() else ""
        raise DatasetError(
            f"{self.dataset} video {self.name}: the first mask {files.masks.files[name][0]} has "
            f"no object{void}. Annotate at least one object in it, or leave the video out."
        )

    @cached_property
    def _fingerprint(self) -> str:
        digest = sha256(f"{_READER_VERSION}\n{self.dataset}\n{self.name}\n".encode())
        masks = self._files.masks
        if masks.layers:
            digest.update(f"{masks.layers}\n".encode())
        problems = []
        for frame in self._files.frames:
            for path in (frame, *masks.files.get(frame.stem, (None,))):
                data = b"" if path is None else read_bytes(path)
                if path is not None and (fault := image_fault(data)):
                    problems.append(f"{path} {fault}")
                digest.update(f"{frame.stem} {path is not None} {len(data)}\n".encode())
                digest.update(data)
        self._refuse(problems)
        return digest.hexdigest()

    def _refuse(self, problems: list[str]) -> None:
        if not problems:
            return
        shown = [f"  {problem}" for problem in problems[:_SHOWN]]
        if len(problems) > _SHOWN:
            shown.append(f"  and {len(problems) - _SHOWN} more")
        raise DatasetError(
            f"{self.dataset} video {self.name}: {len(problems)} problem"
            f"{'s' if len(problems) > 1 else ''}:\n"
            + "\n".join(shown)
            + "\nRestore these files from the dataset's archive, or leave the video out."
        )


def _numbering_problems(files: FrameFiles) -> list[str]:
    """Repeated names, and missing numbers between the first and the last frame."""
    problems = []
    for before, after in zip(files.frames, files.frames[1:], strict=False):
        if before.stem == after.stem:
            problems.append(f"{after}: a second file of frame {after.stem}, like {before.name}")
        first, second = _NUMBER.search(before.stem), _NUMBER.search(after.stem)
        if not (first and second):
            continue
        missing = int(second[1]) - int(first[1]) - 1
        if missing > 0:
            problems.append(
                f"{after.parent}: {missing} frame{'s' if missing > 1 else ''} missing between "
                f"{before.name} and {after.name}"
            )
    return problems


def _file_problems(files: FrameFiles) -> list[str]:
    """Empty or unreadable files, different sizes, masks without a frame, a missing first mask."""
    problems = []
    names = {path.stem for path in files.frames}
    masks = files.masks.files
    problems += [f"{str(p)!r}: its name {f}" for p in files.frames if (f := name_fault(p.stem))]
    problems += [f"{p[0]}: no frame of that name" for n, p in masks.items() if n not in names]
    if files.frames and not (masks if files.sparse else files.frames[0].stem in masks):
        problems.append(f"{files.frames[0]}: the first frame has no mask")
    expected: tuple[int, int] | None = None
    for frame in files.frames:
        for path in (frame, *masks.get(frame.stem, ())):
            size = size_or_fault(path)
            if isinstance(size, str):
                problems.append(f"{path} {size}")
            elif expected is None:
                expected = size
            elif size != expected:
                what = "frame" if path is frame else "mask"
                problems.append(
                    f"{path}: the {what} is {size[1]}x{size[0]}, but the first frame is "
                    f"{expected[1]}x{expected[0]}"
                )
    return problems
