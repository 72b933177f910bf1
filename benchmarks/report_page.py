"""Size and time of a run's page: to write it, and in a browser until it is painted and usable.

The run is made up: generated frames, exact masks, invented figures. Frames have 240 x 428 pixels up
to 50 videos and 48 x 64 above, because only the number of rows matters there.

    python benchmarks/report_page.py [--videos 8 50 1000] [--frames 90]
"""

import argparse
import importlib
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MANY = 50


def measured(videos: int, frames: int, folder: Path, driver: Any) -> list[str]:
    """One row of the table."""
    made_run = importlib.import_module("tests.tasks.pages.made_run")
    from storage.store.artifacts import ArtifactStore
    from tasks.pages.report_page import write_report_page

    store = ArtifactStore(str(folder))
    size = (240, 428) if videos <= MANY else (48, 64)
    names = [f"video-{number:04d}" for number in range(videos)]
    made = made_run.MadeRun(names, frames=frames, size=size, shared=True)
    made_run.make_run(store, "run", made)
    started, cpu = time.perf_counter(), time.process_time()
    page = write_report_page(store, "run")
    seconds, busy = time.perf_counter() - started, time.process_time() - cpu
    started = time.perf_counter()
    write_report_page(store, "run")
    again = time.perf_counter() - started
    media = sum(file.stat().st_size for file in (page.parent / "media").iterdir())
    embedded = write_report_page(store, "run", embed=True).stat().st_size
    times = _in_browser(page, driver)
    return [
        str(videos),
        f"{size[0]} x {size[1]}",
        f"{seconds:.1f} s ({busy:.1f} s CPU)",
        f"{again:.1f} s",
        f"{page.stat().st_size / 1e6:.2f} MB",
        f"{media / 1e6:.1f} MB",
        f"{embedded / 1e6:.1f} MB",
        *(f"{milliseconds:.0f} ms" for milliseconds in times),
    ]


def _in_browser(page: Path, driver: Any) -> list[float]:
    """Milliseconds until the first paint, until all tables stand, to sort by another column, and
    to filter by the name of a video."""
    flags = importlib.import_module("tests.tasks.pages.opened_page").FLAGS
    browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
    opened = browser.new_page()
    opened.goto(page.as_uri())
    opened.wait_for_selector("html[data-ready]", state="attached", timeout=60_000)
    opened.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    times: list[float] = opened.evaluate(
        """() => {
          const at = (name) => performance.getEntriesByName(name)[0].startTime;
          const timed = (action) => {
            const start = performance.now();
            action();
            document.body.getBoundingClientRect();
            return performance.now() - start;
          };
          const table = document.getElementById("sequences-table");
          const search = table.querySelector("input[type=search]");
          return [
            at("first-contentful-paint"),
            at("ready"),
            timed(() => table.querySelectorAll("thead button")[6].click()),
            timed(() => {
              search.value = "video-0007";
              search.dispatchEvent(new Event("input"));
            }),
          ];
        }"""
    )
    browser.close()
    return times


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, nargs="+", default=[8, 50, 1000])
    parser.add_argument("--frames", type=int, default=90)
    asked = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    playwright = importlib.import_module("playwright.sync_api")
    heads = "videos|frames|written|again|page|media|one file|first paint|usable|sorted|filtered"
    print(f"| {heads.replace('|', ' | ')} |\n{'|---' * 11}|", flush=True)
    for videos in asked.videos:
        with tempfile.TemporaryDirectory() as folder, playwright.sync_playwright() as driver:
            row = measured(videos, asked.frames, Path(folder), driver)
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
