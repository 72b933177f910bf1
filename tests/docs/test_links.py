"""Every link of a page, and every page that code names, leads somewhere."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, anchors, links, name_of

_PAGE_IN_CODE = re.compile(r"\bdocs/[\w-]+\.md(?:#[\w-]+)?")
_FOLDERS = ("flows", "tasks", "maskrnn_core", "storage", "tests", "benchmarks", "scripts")
_SUFFIXES = {".py", ".sh", ".yaml", ".toml"}


def problem(target: str, folder: Path) -> str | None:
    """What is wrong with a link in a file of `folder`, or None."""
    path, _, anchor = target.partition("#")
    page = (folder / path).resolve()
    if not page.exists():
        return f"{target}: no such file"
    if anchor and anchor not in anchors(page):
        return f"{target}: no such heading"
    return None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_resolve(page: Path) -> None:
    targets = [f"{page.name}{t}" if t.startswith("#") else t for t in links(page)]
    assert [found for t in targets if (found := problem(t, page.parent))] == []


def test_the_readme_leads_to_every_page() -> None:
    linked = {target.partition("#")[0] for target in links(ROOT / "README.md")}
    pages = {name_of(page) for page in PAGES if page.parent == ROOT / "docs"}
    assert pages <= linked


def test_pages_named_in_code_exist() -> None:
    files = [file for folder in _FOLDERS for file in (ROOT / folder).rglob("*")]
    files += [ROOT / "Makefile", *ROOT.glob("*.yaml")]
    named = {
        target
        for file in files
        if file.suffix in _SUFFIXES or file.name == "Makefile"
        for target in _PAGE_IN_CODE.findall(file.read_text())
    }
    assert len(named) > 3
    assert [found for target in sorted(named) if (found := problem(target, ROOT))] == []


def test_broken_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(
        "# One page\n\n[a](page.md#one-page) [b](page.md#two) [c](gone.md)\n"
    )
    found = [problem(target, tmp_path) for target in links(tmp_path / "page.md")]
    assert found == [None, "page.md#two: no such heading", "gone.md: no such file"]


def test_the_site_holds_every_page() -> None:
    index = (ROOT / "docs" / "site" / "index.md").read_text()
    listed = {line.removeprefix("../") for line in index.splitlines() if line.startswith("../")}
    pages = {page.stem for page in PAGES if page.parent == ROOT / "docs"}
    assert pages <= listed
