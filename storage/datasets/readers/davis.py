"""DAVIS 2016 (one object, binary masks) and DAVIS 2017 (several objects, palette masks), 480p.

Layout: JPEGImages/480p/VIDEO/00000.jpg, Annotations/480p/VIDEO/00000.png, ImageSets/.../SPLIT.txt.
Later frames may lack a mask (test-dev and challenge splits have the first only).
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from storage.datasets.images.image_files import image_files
from storage.datasets.masks.label_maps import MaskReader, read_binary_mask, read_label_map
from storage.datasets.readers.annotated_frames import FrameFiles, FrameFileVideo
from storage.datasets.readers.annotations import (
    DAVIS_PROTOCOL,
    DatasetNotes,
    FileAnnotations,
    MaskFiles,
)
from storage.datasets.readers.davis_info import read_notes
from storage.datasets.readers.image_sets import ImageSet, find_image_sets, read_image_set
from storage.datasets.source import SourceVideo
from storage.errors import MissingDatasetError

_FRAMES = "JPEGImages/480p"
_MASKS = "Annotations/480p"


@dataclass(frozen=True)
class DavisReader:
    """Reader of one DAVIS layout; implements `storage.datasets.readers.catalog.DatasetReader`.

    Args:
        name: name of the data set.
        default_split: split to use if none is given.
        image_set_folders: folders of its image-set files, below the root.
        read_mask: reads one mask file as label map.
        protocol: by which it is evaluated.
        binary_masks: whether a mask shows one object, by any value that is not 0.
    """

    name: str
    default_split: str
    image_set_folders: tuple[str, ...]
    read_mask: MaskReader
    protocol: str = DAVIS_PROTOCOL
    binary_masks: bool = False

    def splits(self, root: Path, *, frames: bool = True) -> dict[str, Path]:
        """Image-set file of each split; without `frames` the root needs only masks.

        Raises:
            MissingDatasetError: `root` is not a DAVIS folder, or is one of another year.
        """
        for folder in (_FRAMES, _MASKS) if frames else (_MASKS,):
            if not (root / folder).is_dir():
                raise MissingDatasetError(_not_davis(self.name, root, folder))
        found = find_image_sets(root, self.image_set_folders)
        if not found:
            raise MissingDatasetError(
                f"{root} has no image-set file for {self.name} "
                f"({' or '.join(f'{folder}/*.txt' for folder in self.image_set_folders)})"
                f"{self._other_year(root)}."
            )
        return found

    def image_set(self, root: Path, split: str) -> ImageSet:
        """Videos of a split that `splits` names."""
        return read_image_set(self.splits(root, frames=False)[split])

    def frames_of(self, root: Path, video: str, listed: list[str]) -> Path:
        """Folder of a video's frames; it may not exist."""
        return root / _FRAMES / video

    def video(self, root: Path, video: str, listed: list[str]) -> SourceVideo:
        """A video whose files are listed later; `listed` are the image set's frames, if any."""
        files = partial(_list_files, root, video, tuple(listed), self.read_mask)
        return FrameFileVideo(self.name, video, files)

    def annotations(self, root: Path, video: str, listed: list[str]) -> FileAnnotations:
        """The masks of a video; its frames may be missing.

        Raises:
            MissingDatasetError: there is no mask, or a frame of the image set has none.
        """
        masks = _mask_files(root, video, self.read_mask)
        if not masks.files:
            raise MissingDatasetError(
                f"{root / _MASKS / video} has no masks. Restore it from the archive, or leave "
                "the video out."
            )
        folder = root / _FRAMES / video
        frames = {path.stem for path in image_files(folder)} if folder.is_dir() else set()
        return FileAnnotations(video, masks, frozenset({*frames, *listed} - set(masks.files)))

    def notes(self, root: Path) -> DatasetNotes:
        """Attributes of the sequences, from db_info.yml."""
        return read_notes(root)

    def _other_year(self, root: Path) -> str:
        for reader in (DAVIS_2016, DAVIS_2017):
            if reader.name != self.name and find_image_sets(root, reader.image_set_folders):
                return f", but those of {reader.name}: use that dataset"
        return ". Restore them from the archive"


DAVIS_2016 = DavisReader(
    "davis2016",
    "val",
    ("ImageSets/480p", "ImageSets/2016"),
    read_binary_mask,
    protocol="davis2016",
    binary_masks=True,
)
DAVIS_2017 = DavisReader("davis2017", "val", ("ImageSets/2017",), read_label_map)


def _mask_files(root: Path, video: str, read: MaskReader) -> MaskFiles:
    folder = root / _MASKS / video
    masks = image_files(folder) if folder.is_dir() else []
    return MaskFiles({path.stem: (path,) for path in masks}, read)


def _list_files(root: Path, video: str, listed: tuple[str, ...], read: MaskReader) -> FrameFiles:
    frame_folder = root / _FRAMES / video
    if not frame_folder.is_dir() or not (frames := image_files(frame_folder)):
        raise MissingDatasetError(
            f"{frame_folder} has no frames. Restore it from the archive, or leave the video out."
        )
    present = {path.stem for path in frames}
    missing = [name for name in listed if name not in present]
    return FrameFiles(
        frames=tuple(frames),
        masks=_mask_files(root, video, read),
        problems=tuple(
            f"{frame_folder}: frame {name} of the image set is missing" for name in missing
        ),
    )


def _not_davis(name: str, root: Path, lacking: str) -> str:
    for candidate in sorted(path for path in root.iterdir() if path.is_dir()):
        if (candidate / _FRAMES).is_dir():
            return f"{root} has no {lacking}, but {candidate} has: give that folder as root."
    holds = ", ".join(sorted(path.name for path in root.iterdir())[:8]) or "nothing"
    sizes = root / lacking.split("/")[0]
    if sizes.is_dir():
        holds += f"; {sizes.name} holds " + ", ".join(sorted(p.name for p in sizes.iterdir())[:8])
    return (
        f"{root} is not a {name} folder: it has no {lacking} (it holds {holds}). Give the folder "
        "that holds JPEGImages/480p, Annotations/480p and ImageSets."
    )
