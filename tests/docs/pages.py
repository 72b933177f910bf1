"""Reads Markdown pages: links, headings, commands and options that they name."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_INLINE_CODE = re.compile(r"`([^`]+)`")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def name_of(page: Path) -> str:
    """The page relative to the repository, for the name of a test."""
    return str(page.relative_to(ROOT))


def links(page: Path) -> list[str]:
    """Targets of all links and images that lead to files of the repository."""
    targets = _LINK.findall(_prose(page))
    return [target for target in targets if "://" not in target and not target.startswith("mailto")]


def anchors(page: Path) -> set[str]:
    """Anchors of the headings, as GitHub makes them."""
    headings = [line.lstrip("#") for line in _prose(page).splitlines() if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-") for text in headings}


def commands(page: Path) -> Iterator[list[str]]:
    """Tokens after `maskrnn` of every command in code blocks and inline code."""
    blocks = "\n".join(_code_lines(page)).replace("\\\n", " ").splitlines()
    for code in [*blocks, *_INLINE_CODE.findall(_prose(page))]:
        tokens = shlex.split(code, comments=True) if "maskrnn " in code else []
        if tokens and Path(tokens[0]).name == "maskrnn":
            yield tokens[1:]


def options(page: Path) -> set[str]:
    """Options such as --workers that inline code names, except those after another program."""
    codes = [code for code in _INLINE_CODE.findall(_prose(page)) if not code.startswith("python")]
    return {option for code in codes for option in _OPTION.findall(code)}


def _code_lines(page: Path) -> list[str]:
    return [line.strip() for line in page.read_text().splitlines() if line.startswith("    ")]


def _prose(page: Path) -> str:
    lines = page.read_text().splitlines()
    return "\n".join(line for line in lines if not line.startswith("    "))
