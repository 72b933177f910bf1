"""The picture of a video's first masks."""

from pathlib import Path

import numpy as np
from PIL import Image

from maskrnn_core.drawing.overlays import overlay
from storage.datasets.readers.own_video import open_own_video
from storage.files.output_folder import OutputFolder
from tasks.export.mask_preview import write_mask_preview


def test_the_preview_shows_the_frames_where_objects_begin(tmp_path: Path) -> None:
    frames, masks = tmp_path / "walk", tmp_path / "masks"
    frames.mkdir()
    masks.mkdir()
    for index in range(4):
        picture = np.random.default_rng(index).integers(0, 256, (40, 60, 3), dtype=np.uint8)
        Image.fromarray(picture).save(frames / f"{index:05d}.png")
    first = np.zeros((40, 60), np.uint8)
    first[20:30, 10:30] = 1
    for index, labels in {0: first, 2: first, 3: first * np.uint8(2)}.items():
        Image.fromarray(labels).save(masks / f"{index:05d}.png")
    source = open_own_video(frames, masks)
    path = write_mask_preview(source, OutputFolder(tmp_path / "out" / "deep"))
    assert path == tmp_path / "out" / "deep" / "walk-first-masks.png"
    sheet = np.asarray(Image.open(path))
    assert sheet.shape == (40, 122, 3)
    expected = overlay(source.frame(0), first)
    np.testing.assert_array_equal(sheet[15:40, :60], expected[15:])  # the caption is above
    np.testing.assert_array_equal(sheet[15:40, 62:], overlay(source.frame(3), first * 2)[15:])
