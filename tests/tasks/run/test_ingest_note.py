"""What a person should check about a stored video: its masks, and objects that are too small."""

from pathlib import Path

import numpy as np
import pytest

from maskrnn_core.synthetic import SyntheticOptions, SyntheticVideo, synthetic_videos
from storage.datasets.source import UInt8Array
from storage.kinds.videos import write_video
from storage.store.artifacts import ArtifactStore
from tasks.run.ingest_note import ingest_note, reduction_note

OPTIONS = SyntheticOptions(size=(48, 64), videos_val=1, frames_val=3)


class Growing:
    """A video whose object 1 is one pixel in the first frame, and a square in the others."""

    dataset = "drawn"
    name = "clip"
    objects = (1,)
    frame_count = 3

    def __init__(self, drawn: SyntheticVideo) -> None:
        self._drawn = drawn
        self.frame_names = drawn.frame_names

    def fingerprint(self) -> str:
        return "growing"

    def frame(self, index: int) -> UInt8Array:
        return self._drawn.frame(index)

    def label_map(self, index: int) -> UInt8Array:
        labels = np.zeros(OPTIONS.size, np.uint8)
        labels[0, 0] = 1
        if index:
            labels[8:40, 8:40] = 1
        return labels


@pytest.fixture
def growing() -> Growing:
    return Growing(synthetic_videos("val", OPTIONS)[0])


def test_an_object_that_is_too_small_at_first_is_told(tmp_path: Path, growing: Growing) -> None:
    store = ArtifactStore(str(tmp_path))
    note = reduction_note(store, write_video(store, growing, 12))
    assert note.startswith("object 1, given in frame 00000, is followed from frame 00001 on")
    assert "working size 16x12" in note
    assert reduction_note(store, write_video(store, growing, None)) == ""


def test_remarks_about_the_masks_are_kept_with_the_video(tmp_path: Path, growing: Growing) -> None:
    class Remarked(Growing):
        def remarks(self) -> list[str]:
            return ["object 1 has one pixel.", "It was read from a JPEG."]

    store = ArtifactStore(str(tmp_path))
    key = write_video(store, Remarked(synthetic_videos("val", OPTIONS)[0]), None)
    assert ingest_note(store, key) == "object 1 has one pixel. It was read from a JPEG."
    assert ingest_note(store, write_video(store, growing, 12)).startswith("object 1, given in")


def test_a_video_without_remarks_has_no_note(tmp_path: Path, growing: Growing) -> None:
    store = ArtifactStore(str(tmp_path))
    assert ingest_note(store, write_video(store, growing, None)) == ""
