"""Palette, overlays, contact sheets."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskrnn_core.drawing.overlays import contact_sheet, overlay
from maskrnn_core.drawing.palette import davis_palette
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.video import UInt8Array

SHARED = Path(__file__).resolve().parents[3].parent / "shared"


def test_the_palette_has_the_known_colours() -> None:
    palette = davis_palette()
    assert palette.shape == (256, 3)
    assert palette.dtype == np.uint8
    known = {0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 0), 3: (128, 128, 0), 4: (0, 0, 128)}
    known |= {8: (64, 0, 0), 255: (224, 224, 192)}
    for label, colour in known.items():
        assert tuple(palette[label]) == colour
    assert len(np.unique(palette, axis=0)) == 256


@pytest.mark.shared
def test_the_palette_is_that_of_davis() -> None:
    files = sorted((SHARED / "data" / "davis2017-sample").rglob("Annotations/**/*.png"))
    if not files:
        pytest.skip("the DAVIS sample is not beside the project")
    stored = Image.open(files[0]).getpalette()
    assert stored is not None
    used = np.array(stored, np.uint8).reshape(-1, 3)
    assert np.array_equal(used, davis_palette()[: len(used)])


def _scene() -> tuple[UInt8Array, UInt8Array]:
    frame = np.full((20, 30, 3), 100, np.uint8)
    labels = np.zeros((20, 30), np.uint8)
    labels[5:15, 5:15] = 1
    labels[5:15, 15:25] = 2
    return frame, labels


def test_regions_are_tinted_outlined_and_the_background_is_left() -> None:
    frame, labels = _scene()
    drawn = overlay(frame, labels, alpha=0.5)
    assert (drawn[labels == 0] == 100).all()
    assert tuple(drawn[10, 10]) == (114, 50, 50)  # half of (128, 0, 0) and half of 100
    assert tuple(drawn[5, 10]) == (128, 0, 0)  # the contour is opaque
    assert tuple(drawn[10, 14]) == (128, 0, 0)  # also between two objects
    assert tuple(drawn[10, 15]) == (0, 128, 0)
    assert (frame == 100).all()


def test_contours_have_their_width_and_stop_at_the_frame_s_edge() -> None:
    frame, labels = _scene()
    labels[:] = 1
    assert np.array_equal(overlay(frame, labels, alpha=0.0), frame)
    frame, labels = _scene()
    for width in (0, 1, 3):
        line = (overlay(frame, labels, alpha=0.0, contour=width) != frame).any(axis=2)
        assert line[10, 5:10].sum() == width


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_alpha_runs_from_nothing_to_opaque(alpha: float) -> None:
    frame, labels = _scene()
    drawn = overlay(frame, labels, alpha=alpha, contour=0)
    expected = (
        frame if alpha == 0 else np.where(labels[..., None] > 0, davis_palette()[labels], 100)
    )
    assert np.array_equal(drawn, expected)


def test_overlays_refuse_what_does_not_fit() -> None:
    frame, labels = _scene()
    with pytest.raises(InvalidInputError, match="label map"):
        overlay(frame, labels[:-1])
    with pytest.raises(InvalidInputError, match="label map"):
        overlay(frame, labels.astype(np.int64))
    with pytest.raises(InvalidInputError, match="frame"):
        overlay(frame[..., 0], labels)
    with pytest.raises(InvalidInputError, match="alpha"):
        overlay(frame, labels, alpha=1.5)
    with pytest.raises(InvalidInputError, match="contour"):
        overlay(frame, labels, contour=-1)


def test_a_sheet_holds_every_picture_in_its_place() -> None:
    pictures = [np.full((4, 6, 3), value, np.uint8) for value in (10, 20, 30, 40, 50)]
    sheet = contact_sheet(pictures, 3, gap=2)
    assert sheet.shape == (10, 22, 3)
    assert (sheet[:4, 8:14] == 20).all()
    assert (sheet[6:, :6] == 40).all()
    assert (sheet[4:6] == 255).all()
    assert (sheet[6:, 14:] == 255).all()  # the missing sixth
    assert contact_sheet(pictures[:2], 9, gap=0).shape == (4, 12, 3)


def test_captions_are_drawn_on_copies() -> None:
    picture = np.full((40, 80, 3), 128, np.uint8)
    sheet = contact_sheet([picture], 1, ["a 1"])
    assert sheet.max() > 180
    assert sheet.min() < 100
    assert (picture == 128).all()


def test_sheets_refuse_what_does_not_fit() -> None:
    picture = np.zeros((4, 6, 3), np.uint8)
    with pytest.raises(InvalidInputError, match="at least one picture"):
        contact_sheet([], 2)
    with pytest.raises(InvalidInputError, match="one size"):
        contact_sheet([picture, picture[:2]], 2)
    with pytest.raises(InvalidInputError, match="2 captions for 1"):
        contact_sheet([picture], 2, ["a", "b"])
