"""Predictions as palette PNG files, in the layout that DAVIS evaluation tools read."""

import io
import shutil
from pathlib import Path

from PIL import Image

from storage.datasets.masks.palette import PALETTE
from storage.datasets.source import UInt8Array
from storage.errors import InvalidAddressError, StoreAccessError
from storage.files.drafts import new_draft
from storage.files.local_files import sync_name, sync_tree
from storage.files.store_errors import full_store_error
from storage.kinds.predictions import StoredPrediction

_PALETTE_BYTES = bytes(value for colour in PALETTE for value in colour)


def export_png(prediction: StoredPrediction, folder: Path) -> Path:
    """Write FOLDER/VIDEO/FRAME.png for every frame, index = object id, DAVIS palette.

    The folder of the video appears whole, in place of an earlier one; the same prediction gives the
    same bytes.

    Args:
        prediction: what to write.
        folder: local folder for all videos; made if it is not there.

    Returns:
        The folder of the video.

    Raises:
        StoreFullError: when no space is left; nothing half-written stays.
        StoreAccessError: when the folder cannot be written.
        CorruptArtifactError: when a label map is damaged.
        InvalidAddressError: when the video's or a frame's name cannot name a file.
    """
    check_names(prediction, folder)
    target = folder / prediction.video
    draft = new_draft(target)
    try:
        draft.mkdir(parents=True)
        for index, name in enumerate(prediction.frame_names):
            (draft / f"{name}.png").write_bytes(_palette_png(prediction.label_map(index)))
        sync_tree(draft)
        _replace(draft, target)
    except OSError as error:
        if full := full_store_error(str(folder), f"{prediction.video} as PNG", error):
            raise full from error
        raise StoreAccessError(
            f"Cannot write {target}: {error}. Check the rights of {folder}, or name another folder."
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def check_names(prediction: StoredPrediction, folder: Path) -> None:
    """Refuse names that would lead out of a folder.

    Raises:
        InvalidAddressError: when the video's or a frame's name cannot name a file.
    """
    for name in (prediction.video, *prediction.frame_names):
        if Path(name).name != name or name == "..":
            raise InvalidAddressError(f"{name!r} cannot name a file below {folder}: rename it.")


def _palette_png(label_map: UInt8Array) -> bytes:
    height, width = label_map.shape
    image = Image.frombytes("P", (width, height), label_map.tobytes())
    image.putpalette(_PALETTE_BYTES)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _replace(draft: Path, target: Path) -> None:
    """Put `draft` at `target`; an earlier folder there goes only when the new one is ready."""
    former = draft.with_name(f"{draft.name}.former")
    if target.exists():
        target.rename(former)
    draft.rename(target)
    sync_name(str(target))
    shutil.rmtree(former, ignore_errors=True)
