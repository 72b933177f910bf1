"""A real browser for pages, and a made run; tests are skipped with a reason without a browser."""

import importlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.store.artifacts import ArtifactStore
from tasks.pages.report_page import write_report_page
from tests.tasks.pages.made_run import MadeRun, make_run
from tests.tasks.pages.opened_page import FLAGS, OpenedPage

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")

HOSTILE = (
    "<script>document.title='hacked'</script>",
    "\"'><img src=x onerror=document.title='hacked'>",
    "a|b `c` **d** \\",
    "two\nlines\tand\x1b[31mred\x07",
    "=1+1",
    "+1",
    "-2",
    "@SUM(A1)",
    "</script><!--",
    "\u202egnp.exe ä漢字🎬",
    "n" * 180,
)
"""Names of videos that must be shown as they are."""


def _executable() -> str | None:
    named = os.environ.get("MASKRNN_BROWSER")
    return named or next((path for name in _BROWSERS if (path := shutil.which(name))), None)


@pytest.fixture
def browser() -> Iterator[Any]:
    """Chromium, driven by playwright.

    Started for each test: while playwright runs, so does an event loop in this thread, in which no
    other test of the process could run a loop of its own.
    """
    executable = _executable()
    if executable is None:
        pytest.skip("no browser: apt-get install chromium, or name one in MASKRNN_BROWSER")
    try:
        playwright = importlib.import_module("playwright.sync_api")
    except ImportError:
        pytest.skip("no playwright: run make setup")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=executable, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run of three videos by two presets; one more video failed."""
    store = ArtifactStore(str(tmp_path_factory.mktemp("report")))
    make_run(store, "run", MadeRun(failed={"broken": "cannot read <b>x.png</b>"}))
    return write_report_page(store, "run")


@pytest.fixture(scope="session")
def hostile_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run whose names and errors are hostile; the first two videos succeeded."""
    store = ArtifactStore(str(tmp_path_factory.mktemp("hostile")))
    made = MadeRun(HOSTILE[:2], ("small",), {name: name for name in HOSTILE[2:]}, frames=3)
    make_run(store, "=run <b>&amp;|", made)
    return write_report_page(store, "=run <b>&amp;|", embed=True)


@pytest.fixture
def open_page(browser: Any) -> Iterator[Any]:
    """Opens a file; at the end of the test, errors and requests of all opened pages are checked."""
    pages: list[OpenedPage] = []

    def opened(file: Path, fragment: str = "", **options: Any) -> OpenedPage:
        pages.append(OpenedPage(browser, file, fragment, **options))
        return pages[-1]

    yield opened
    for page in pages:
        page.close()
    assert [message for page in pages for message in page.messages] == []
    assert [url for page in pages for url in page.foreign] == []
