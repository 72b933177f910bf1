"""Names of other people have no effect in CSV, Markdown and on the terminal."""

import csv
import io
import logging
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.table import Table
from rich.text import Text

from flows.terminal import PlainLines, Terminal
from tasks.reporting.escaping import (
    csv_bytes,
    markdown_code,
    markdown_picture,
    markdown_table,
    markdown_text,
    visible,
)

HOSTILE = [
    "=1+1",
    "@SUM(A1)",
    "+1",
    "-1+2",
    " =1",
    "\t=1",
    "a|b",
    "<img src=x onerror=alert(1)>",
    "[c](http://d)",
    "![c](d)",
    "`code`",
    "**b** _i_ ~~s~~",
    "&lt;",
    "\x1b[31mred\x1b]0;title\x07",
    "\u202egnp.exe",
    "two\nlines",
    "\\|",
]
TEXTS = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.text("=+-@|<>[]()!`*_~&#\\ \n\x1b\"',;ab", max_size=20),
)


@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_no_cell_of_a_csv_file_is_a_formula(names: list[str]) -> None:
    table = pd.DataFrame({"video": names, "J": [-0.5] * len(names)})
    read = list(csv.reader(io.StringIO(csv_bytes(table).decode(), newline="")))
    assert read[0] == ["video", "J"]
    assert [row[1] for row in read[1:]] == ["-0.5"] * len(names)
    for name, (cell, _) in zip(names, read[1:], strict=True):
        assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
        assert cell in (visible(name), f"'{visible(name)}")


def test_plain_names_stay_as_they_are() -> None:
    assert csv_bytes(pd.DataFrame({"video": ["walk-1"]})) == b"video\nwalk-1\n"
    assert markdown_text("val_000: no such file /a/b.png; try 2 (of 3)") == (
        "val_000: no such file /a/b.png; try 2 (of 3)"
    )
    assert visible("Müller\u00a0x 日本") == "Müller\u00a0x 日本"


def _shown(html: str) -> str:
    """Text of a page in which only the outer tags may be markup."""
    for entity, mark in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        html = html.replace(entity, mark)
    return html


@given(TEXTS)
def test_markdown_shows_the_text_and_nothing_else(name: str) -> None:
    html = MarkdownIt("gfm-like", {"linkify": False}).render(f"- **x** {markdown_text(name)}")
    inside = html.removeprefix("<ul>\n<li><strong>x</strong>").removesuffix("</li>\n</ul>\n")
    assert "<" not in inside
    assert _shown(inside).strip() == visible(" ".join(name.split()))


@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_markdown_tables_keep_their_cells(names: list[str]) -> None:
    table = pd.DataFrame({"video": [f"x{name}" for name in names], "J": 0.5})
    html = MarkdownIt("gfm-like", {"linkify": False}).render(markdown_table(table))
    cells = re.findall(r"<td[^>]*>(.*?)</td>", html, re.DOTALL)
    assert len(cells) == 2 * len(names)
    for name, cell in zip(names, cells[::2], strict=True):
        assert "<" not in cell
        assert _shown(cell) == visible(" ".join(f"x{name}".split()))


def test_a_value_that_is_missing_is_an_empty_cell() -> None:
    table = pd.DataFrame({"video": ["a", None], "J": [float("nan"), 0.5], "count": [1, 2]})
    rows = [line.replace(" ", "") for line in markdown_table(table).splitlines()[2:]]
    assert rows == ["|a||1|", "||0.500|2|"]


@given(TEXTS)
def test_code_and_pictures_end_where_they_should(name: str) -> None:
    html = MarkdownIt("gfm-like", {"linkify": False}).render(f"x {markdown_code('y' + name)} z")
    assert re.fullmatch(r"<p>x <code>[^<]*</code> z</p>\n", html)
    html = MarkdownIt("gfm-like", {"linkify": False}).render(markdown_picture(f"o/{name}.jpg"))
    assert re.fullmatch(r'<p><img src="[^"]*" alt="[^"]*" ?/></p>\n', html)


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_controls_the_terminal(name: str) -> None:
    file = io.StringIO()
    terminal = Terminal(file=file, force_terminal=False, width=200)
    table = Table("video")
    table.add_row(Text(name))
    terminal.print(name, markup=False)
    terminal.print(Text(name))
    terminal.print(table)
    record = logging.LogRecord("maskrnn", logging.INFO, "", 0, "%s", (name,), None)
    for text in (file.getvalue(), PlainLines().format(record)):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
