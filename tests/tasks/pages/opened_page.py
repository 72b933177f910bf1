"""A page in a browser, with what it prints and requests."""

from pathlib import Path
from typing import Any

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_PATIENCE = 60_000
"""Milliseconds; machines that do other things besides are slow."""


class OpenedPage:
    """A file opened in a browser.

    Args:
        browser: playwright's.
        file: the page.
        fragment: what follows "#" in its address.
        options: of the browser's context, such as `viewport` and `color_scheme`.
    """

    def __init__(self, browser: Any, file: Path, fragment: str = "", **options: Any) -> None:
        self._context = browser.new_context(**options)
        self.page: Any = self._context.new_page()
        self.page.set_default_timeout(_PATIENCE)
        self.messages: list[str] = []
        """Errors and warnings of the console, and exceptions."""
        self.foreign: list[str] = []
        """Requests for anything but files and data."""
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        self.page.on("request", lambda request: self._note(request.url))
        self.page.goto(file.as_uri() + fragment)
        self.page.wait_for_selector("html[data-ready]", state="attached")

    def _note(self, url: str) -> None:
        if not url.startswith(("file:", "data:")):
            self.foreign.append(url)

    def close(self) -> None:
        self._context.close()

    def text(self, selector: str) -> str:
        """The text of an element as a person sees it."""
        return str(self.page.inner_text(selector))

    def column(self, table: str, number: int) -> list[str]:
        """The texts of a column of a table, from its first row on."""
        cells = self.page.locator(f"{table} tbody tr > :nth-child({number})")
        return [text.strip() for text in cells.all_inner_texts()]

    def at_frame(self, frame: int, last: int) -> None:
        """Wait until the player shows a frame."""
        expected = f"{frame} / {last}"
        self.page.wait_for_function(
            "text => document.getElementById('place').textContent === text", arg=expected
        )

    def pixels(self, canvas: str) -> list[int]:
        """Number of opaque red, blue and white pixels of a canvas, and of all that are painted."""
        found: list[int] = self.page.evaluate(
            """id => {
              const canvas = document.getElementById(id);
              const context = canvas.getContext("2d");
              const d = context.getImageData(0, 0, canvas.width, canvas.height).data;
              const n = [0, 0, 0, 0];
              for (let i = 0; i < d.length; i += 4) {
                if (!d[i + 3]) continue;
                n[3]++;
                if (d[i] > 240 && d[i + 1] > 240 && d[i + 2] > 240) n[2]++;
                else if (d[i] > 240 && d[i + 1] < 90 && d[i + 2] < 90) n[0]++;
                else if (d[i] < 80 && d[i + 2] > 240) n[1]++;
              }
              return n;
            }""",
            canvas,
        )
        return found
