"""Escapes names and texts of other people in our outputs: shown unchanged, without effect.

One function per format. Every writer of CSV, Markdown or lines for a terminal uses it.
"""

import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t")
"""A cell that begins like this is a formula in spreadsheet programs."""
_MARKUP = re.compile(r"[\\`*\[\]<>|~&#!]|(?<![^\W_])_|_(?![^\W_])")
"""Characters with a meaning in Markdown or HTML; an underscore within a word has none."""


def visible(text: str) -> str:
    """Return text for a terminal or a log: control and format characters become `\\x1b` etc.

    Line ends, tabs and all kinds of blanks are kept.
    """
    if text.isprintable():
        return text
    return "".join(
        mark
        if mark.isprintable() or mark in "\n\t" or unicodedata.category(mark) == "Zs"
        else mark.encode("unicode_escape").decode()
        for mark in text
    )


def csv_bytes(table: "pd.DataFrame", float_format: str | None = None) -> bytes:
    """Return a table as CSV. Text that would be a formula gets an apostrophe before it.

    Control characters are made visible, so that a row stays a row.

    Args:
        table: a default index is not written.
        float_format: such as "%.3f"; None writes all digits.
    """
    safe = table.rename(columns=lambda name: _no_formula(str(name)))
    texts = safe.select_dtypes(exclude=["number", "bool"]).columns
    safe = safe.assign(**{name: safe[name].map(_no_formula) for name in texts})
    return str(safe.to_csv(index=False, float_format=float_format)).encode()


def markdown_text(text: str) -> str:
    """Return one line of Markdown that shows the text; line ends become blanks."""
    return _MARKUP.sub(r"\\\g<0>", visible(" ".join(text.split())))


def markdown_code(text: str) -> str:
    """Return text as inline code, whatever backticks it contains."""
    text = visible(" ".join(text.split()))
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}" if longest else f"`{text}`"


def markdown_picture(file: str) -> str:
    """Return Markdown for a picture; `file` is its path relative to the page."""
    return f"![{markdown_text(file)}]({quote(file)})"


def markdown_table(table: "pd.DataFrame", digits: int = 3) -> str:
    """Return a table for people; NaN is left empty."""
    # pandas converts the type of a column back after `map`, and None to NaN.
    cells = table.map(_markdown_cell).astype(object).where(table.notna(), None)
    return str(
        cells.to_markdown(
            index=False, floatfmt=f".{digits}f", missingval="", disable_numparse=_texts(cells)
        )
    )


def _markdown_cell(cell: object) -> object:
    return markdown_text(cell) if isinstance(cell, str) else cell


def _texts(cells: "pd.DataFrame") -> list[int]:
    """Return the columns that hold text: a value there that looks like a number is a name."""
    return [
        place
        for place, name in enumerate(cells.columns)
        if any(isinstance(cell, str) for cell in cells[name].tolist())
    ]


def _no_formula(value: object) -> object:
    if not isinstance(value, str):
        return value
    shown = visible(value)
    return f"'{shown}" if shown.lstrip(" ").startswith(_FORMULA) else shown
