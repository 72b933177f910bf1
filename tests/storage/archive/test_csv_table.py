"""Manifests as people's programs save them."""

import csv
import io
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.archive.csv_table import CsvTable, read_csv
from storage.archive.offences import ManifestError

WANTED, REQUIRED = ("id", "video", "mask", "start"), ("video", "mask")
PLAIN = "video,mask\r\nclip.mp4,first.png\r\n"


def read(data: bytes | str) -> CsvTable:
    return read_csv(data if isinstance(data, bytes) else data.encode(), WANTED, REQUIRED)


@pytest.mark.parametrize(
    "data",
    [
        PLAIN,
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.replace(",", "\t").encode("utf-16"),
        PLAIN.replace(",", ";").encode("utf-8-sig"),
        PLAIN.replace(",", "|"),
        f"sep=,\r\n{PLAIN}",
        f"sep=;\n{PLAIN.replace(',', ';')}",
        "Video,MASK\nclip.mp4,first.png",
        "video , mask \n clip.mp4 , first.png ",
        "video,mask\nclip.mp4,first.png,\n",
        "video,mask,\nclip.mp4,first.png,\n",
        "\nvideo,mask\n,,\n\nclip.mp4,first.png\n,\n",
        "video,mask,note\nclip.mp4,first.png\n",
        '"video","mask","a;b"\n"clip.mp4","first.png",";;"\n',
        "mask,video,mask\nfirst.png,clip.mp4,second.png\n",
    ],
)
def test_what_is_read(data: bytes | str) -> None:
    found = read(data)
    assert found.table.to_dict(orient="records") == [{"video": "clip.mp4", "mask": "first.png"}]
    assert not found.offences


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            "video,mask\ncafé.mp4,a.png\n".encode("cp1252"),
            "no UTF-8 text: line 2 holds the byte 0xe9",
        ),
        (b"PK\x03\x04 workbook", "an Excel or LibreOffice file, whatever its name"),
        (b"\xd0\xcf\x11\xe0 workbook", "an Excel file"),
        (PLAIN.encode("utf-16-le"), "holds zero bytes"),
        ('video,mask\n"clip.mp4,first.png\n', "quotes or fields are broken"),
        ("\n\n", "is empty"),
    ],
)
def test_what_is_refused_with_the_way_to_save_it(data: bytes | str, message: str) -> None:
    with pytest.raises(ManifestError, match=message) as caught:
        read(data)
    assert 'save it as "CSV UTF-8 (comma delimited)"' in str(caught.value)


def test_a_row_with_too_many_fields_is_an_offence_of_its_own() -> None:
    found = read("video,mask,note\na.mp4,a.png,red, left\nb.mp4,b.png,red\n")
    (offence,) = found.offences
    assert offence.row == 1
    assert "has 4 fields, the header 3 (video, mask, note)" in str(offence)
    assert found.table["video"].tolist() == ["a.mp4", "b.mp4"]


def test_a_column_that_is_there_twice_is_told(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("maskrnn").propagate = True
    with caplog.at_level("WARNING"):
        read("video,mask,Mask\na,b,c\n")
    assert "column mask twice" in caplog.text


VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=12).map(
    str.strip
)


@given(
    st.lists(st.tuples(VALUES, VALUES, VALUES).filter(any), min_size=1, max_size=5),
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.permutations(["video", "mask", "note"]),
)
def test_whatever_is_written_is_read(
    rows: list[tuple[str, ...]], separator: str, encoding: str, names: list[str]
) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows([names, *rows])
    table = read(buffer.getvalue().encode(encoding)).table
    for name in REQUIRED:
        assert table[name].tolist() == [row[names.index(name)] for row in rows]
