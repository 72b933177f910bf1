"""Damaged image files are found, whole ones are read."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from storage.datasets.images.image_files import image_fault, image_files, image_size, read_frame
from storage.datasets.masks.label_maps import read_label_map
from storage.errors import DatasetError, MissingDatasetError

PICTURE = np.random.default_rng(0).integers(0, 256, (40, 56, 3), dtype=np.uint8)


def _encoded(form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(PICTURE).save(buffer, form, **options)
    return buffer.getvalue()


JPEG = _encoded("JPEG", quality=90)
FORMS = {
    "jpeg": JPEG,
    "progressive": _encoded("JPEG", progressive=True),
    "restarts": _encoded("JPEG", restart_marker_blocks=2),
    "png": _encoded("PNG"),
}


@pytest.mark.parametrize("form", FORMS)
def test_whole_files_have_no_fault(form: str) -> None:
    assert image_fault(FORMS[form]) is None
    assert image_fault(FORMS[form] + b"\0" * 7) is None, "padding after the end is common"


@pytest.mark.parametrize("form", FORMS)
@given(part=st.floats(0, 1, exclude_max=True))
def test_every_truncation_is_found(form: str, part: float) -> None:
    data = FORMS[form]
    cut = data[: int(part * len(data))]
    # Less than a signature is judged when decoded.
    assert image_fault(cut) or len(cut) < 8


def test_a_thumbnail_does_not_hide_a_truncation() -> None:
    thumbnail = b"\xff\xe1" + (len(JPEG) + 2).to_bytes(2, "big") + JPEG
    data = JPEG[:2] + thumbnail + JPEG[2:]
    assert image_fault(data) is None
    assert image_fault(data[:-200]) is not None


@given(place=st.integers(0, len(FORMS["png"]) - 1), bit=st.integers(0, 7))
def test_every_flipped_bit_of_a_png_is_found(place: int, bit: int) -> None:
    data = bytearray(FORMS["png"])
    data[place] ^= 1 << bit
    if place < 8:
        return  # no longer a PNG by its signature; refused when decoded
    assert image_fault(bytes(data))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (JPEG[:-300], "truncated JPEG"),
        (FORMS["png"][:-5], "truncated PNG"),
        (b"hello", "cannot be decoded"),
    ],
)
def test_reading_names_file_and_cure(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "00000.jpg"
    path.write_bytes(data)
    for read in (read_frame, read_label_map):
        with pytest.raises(DatasetError, match=f"00000.jpg.*{words}.*Restore"):
            read(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MissingDatasetError, match="is not there"):
        read_frame(tmp_path / "00000.jpg")
    with pytest.raises(DatasetError, match="readable image"):
        image_size(tmp_path / "00000.jpg")


def test_frames_are_rgb(tmp_path: Path) -> None:
    path = tmp_path / "00000.png"
    path.write_bytes(FORMS["png"])
    np.testing.assert_array_equal(read_frame(path), PICTURE)
    assert image_size(path) == (40, 56)


def test_grey_frames_become_rgb(tmp_path: Path) -> None:
    Image.fromarray(PICTURE[..., 0]).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_frame(tmp_path / "a.png")[..., 2], PICTURE[..., 0])


def test_rotation_tags_are_not_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(PICTURE).save(tmp_path / "a.jpg", exif=exif)
    assert read_frame(tmp_path / "a.jpg").shape == (40, 56, 3)


def test_other_files_are_left_out(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.PNG", ".hidden.jpg", "._b.jpg", "Thumbs.db", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in image_files(tmp_path)] == ["a.PNG", "b.jpg"]
