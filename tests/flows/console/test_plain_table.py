"""Tables and messages keep their words whole, whatever the width of the terminal."""

import io
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import RenderableType
from rich.live import Live
from rich.text import Text

from flows.console.markdown_page import MarkdownPage
from flows.console.plain_table import Column, PlainTable
from flows.terminal import Folded, Terminal, TerminalLines

KEY = "0123456789abcdef" * 4
PATH = "/data/" + "a/" * 50 + "00003.jpg"
CURE = f"cannot read {PATH}: the file is truncated (812 of 4096 bytes); export it again"
COLUMNS = [Column("video"), Column("J\nmean", is_number=True), Column("error")]
WORDS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=60)
TEXTS = st.lists(WORDS, max_size=8).map(" ".join)


def printed(shown: RenderableType, width: int = 80, *, is_terminal: bool = True) -> str:
    file = io.StringIO()
    console = Terminal(file=file, width=width, force_terminal=is_terminal)
    console.no_color = True
    console.print(shown)
    return Text.from_ansi(file.getvalue()).plain


@given(
    st.lists(st.tuples(WORDS, TEXTS, TEXTS), max_size=4),
    st.integers(20, 120),
    st.booleans(),
    st.booleans(),
)
def test_no_word_is_broken(
    rows: list[tuple[str, str, str]], width: int, is_terminal: bool, has_text: bool
) -> None:
    text = printed(PlainTable(COLUMNS, rows, has_text=has_text), width, is_terminal=is_terminal)
    for cell in (cell for row in rows for cell in row):
        assert set(cell.split()) <= set(text.split())


@given(st.lists(st.tuples(WORDS, TEXTS, TEXTS), max_size=4), st.integers(10, 50))
def test_every_row_is_one_line_of_a_file(rows: list[tuple[str, str, str]], width: int) -> None:
    text = printed(PlainTable(COLUMNS, rows, has_text=True), width, is_terminal=False)
    lines = text.splitlines()[2:]
    assert [line.split() for line in lines] == [" ".join(row).split() for row in rows]


def test_cells_are_aligned_and_the_heading_has_two_lines() -> None:
    rows = [("walk", "0.5", "none"), ("a-longer-name", "0.125", "")]
    assert printed(PlainTable(COLUMNS, rows, "Figures")).splitlines() == [
        "Figures",
        "                   J",
        "video           mean  error",
        "walk             0.5  none",
        "a-longer-name  0.125",
    ]


def test_text_is_wrapped_beside_the_other_cells() -> None:
    rows = [("walk", "0.5", "frame 3 is torn; export the video again, or remove the frame")]
    assert printed(PlainTable(COLUMNS, rows, has_text=True), 45).splitlines()[2:] == [
        "walk    0.5  frame 3 is torn; export the",
        "             video again, or remove the frame",
    ]


def test_text_with_a_long_word_is_below_the_row_in_one_line() -> None:
    rows = [("  segment", "0.5", CURE)]
    assert printed(PlainTable(COLUMNS, rows, has_text=True)).splitlines()[2:] == [
        "  segment   0.5",
        f"      {CURE}",
    ]


def test_rows_that_do_not_fit_have_a_line_per_cell() -> None:
    assert printed(PlainTable(COLUMNS, [(KEY, "0.5", "none of it")])).splitlines() == [
        KEY,
        "    J mean: 0.5",
        "    error: none of it",
    ]


def test_figures_that_do_not_fit_go_on_below() -> None:
    columns = [Column("video"), *(Column(name, is_number=True) for name in "JFT")]
    rows = [("walk", "0.1", "0.2", "0.3"), ("run", "0.4", "0.5", "0.6")]
    assert printed(PlainTable(columns, rows), 16).splitlines() == [
        "video    J    F",
        "walk   0.1  0.2",
        "run    0.4  0.5",
        "video    T",
        "walk   0.3",
        "run    0.6",
    ]


def test_a_name_with_line_ends_stays_in_its_row() -> None:
    assert printed(PlainTable(COLUMNS, [("a\nb", "1", "")])).splitlines()[2:] == ["a b       1"]


@pytest.mark.parametrize("is_terminal", [True, False])
@pytest.mark.parametrize("text", [KEY * 3, CURE, "a:car:[red]b[/red].mp4 is torn"])
def test_a_line_is_printed_as_it_is(text: str, is_terminal: bool) -> None:
    assert printed(text, 40, is_terminal=is_terminal) == f"{text}\n"


def test_a_live_display_wraps_and_cuts_nothing() -> None:
    file = io.StringIO()
    console = Terminal(file=file, width=40, force_terminal=True)
    with Live(console=console, auto_refresh=False) as live:
        live.update(Folded(Text(f"the run {KEY} goes on")), refresh=True)
    shown = Text.from_ansi(file.getvalue()).plain
    assert f"the run {KEY} goes on".replace(" ", "") in "".join(shown.split())


PAGE = f"""# Run

- Parent of small: `{KEY}`.

| video | J_mean | recall of J |
|:------|-------:|------------:|
| {KEY[:50]} | 0.500 | 0.125 |
| walk | 0.250 | 0.125 |
"""


def test_a_page_is_formatted_on_a_terminal() -> None:
    lines = [line.rstrip() for line in printed(MarkdownPage(PAGE)).splitlines()]
    assert any(KEY in line for line in lines)
    assert "walk" + " " * 46 + "  0.250   0.125" in lines
    assert "video" + " " * 45 + "   mean       J" in lines


def test_a_page_is_markdown_elsewhere() -> None:
    assert printed(MarkdownPage(PAGE), 20, is_terminal=False) == PAGE


def test_log_lines_on_a_terminal_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    file = io.StringIO()
    monkeypatch.setattr("sys.stderr", file)
    record = logging.LogRecord("maskrnn", logging.WARNING, "", 0, "%s: \x1b[2J", (CURE,), None)
    TerminalLines().handle(record)
    assert file.getvalue() == f"{CURE}: \\x1b[2J\n"
