"""The files of a user's masks: those that were named, or those that follow from options."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from flows.commands.first_masks import FirstMasks
from storage.datasets.images.frame_matching import VideoFrames
from storage.datasets.masks.frame_masks import read_frame_masks
from storage.datasets.readers.own_video import open_own_video
from storage.datasets.source import UInt8Array
from storage.export.png_folders import write_label_maps
from storage.files.output_folder import OutputFolder
from tasks.export.own_results import results_folder

_DIGITS = 8
"""How much of a digest is part of a file's name."""


@dataclass(frozen=True)
class PlacedMasks:
    """A file or folder of masks.

    Args:
        place: where a run reads it, and a later rerun of this run.
        readable: where it can be read now. Files that follow from options lie in a temporary
            folder until `write`.
    """

    place: Path
    readable: Path

    @property
    def is_made(self) -> bool:
        """Whether it follows from options, so that `write` must put it into its place."""
        return self.readable != self.place

    def write(self) -> None:
        """Write a file or folder that follows from options into its place.

        Raises:
            OccupiedOutputError, StoreFullError, StoreAccessError: as for `OutputFolder`.
        """
        if not self.is_made:
            return
        out = OutputFolder(self.place.parent)
        if self.readable.is_file():
            out.write(self.place.name, self.readable.read_bytes())
            return
        with out.folder(self.place.name) as draft:
            for file in self.readable.glob("*.png"):
                (draft / file.name).write_bytes(file.read_bytes())


@contextmanager
def placed_masks(video: Path, name: str, first: FirstMasks, out: Path) -> Iterator[PlacedMasks]:
    """Give the masks of a video; they can be read while the block lasts.

    Masks of single frames, and boxes and points, get their place in the folder of results. A digest
    of them is part of its name, so that other masks of the same video are the input of another run
    and leave that of the first run as it is. Nothing is written there before `PlacedMasks.write`.

    Args:
        video: file or folder of its frames.
        name: its name.
        first: the options.
        out: folder for the results.

    Raises:
        DatasetError: the video cannot be read, a mask is none, or a box or point lies outside.
        OccupiedOutputError: the files would replace an input or somebody else's file.
    """
    if first.place is not None:
        place = first.place.expanduser().resolve()
        yield PlacedMasks(place, place)
        return
    files, out = first.of_frames, out.expanduser().resolve()
    source = open_own_video(video, out)
    height, width = source.frame(0).shape[:2]
    frames = VideoFrames(source.frame_names, (height, width), source.name)
    results = results_folder(out, source, [video, *files.values()])
    with TemporaryDirectory() as folder:
        temporary = OutputFolder(Path(folder))
        if files:
            made = _write_masks(read_frame_masks(files, frames), name, temporary)
            results.check(folders=[made])
        else:
            made = _write_prompts(first, name, frames, temporary)
            results.check(files=[made])
        yield PlacedMasks(out / made, temporary.path / made)


def _write_masks(maps: Mapping[str, UInt8Array], name: str, out: OutputFolder) -> str:
    """Write label maps by the name of their frame into a folder; return its name."""
    digest = sha256()
    for frame, label_map in maps.items():
        digest.update(f"{frame} {label_map.shape}\n".encode())
        digest.update(label_map.tobytes())
    folder = f"{name}-given-{digest.hexdigest()[:_DIGITS]}"
    write_label_maps(maps.items(), folder, out)
    return folder


def _write_prompts(first: FirstMasks, name: str, frames: VideoFrames, out: OutputFolder) -> str:
    """Write boxes and points into a file; return its name."""
    for prompt in first.prompts():
        prompt.check_inside(frames.size)
    text = f"{json.dumps(first.document(), indent=1)}\n".encode()
    file = f"{name}-prompts-{sha256(text).hexdigest()[:_DIGITS]}.json"
    out.write(file, text)
    return file
