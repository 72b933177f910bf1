"""Draw the pictures of README.md from a run on the generated data set; needs a browser.

An animated picture shows a video with its result, a screenshot shows the page of the run.

    python scripts/draw_example.py RUN [--store STORE] [--video VIDEO] [--out docs/images]
"""

import argparse
import io
import os
import shutil
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

from maskrnn_core.drawing.overlays import overlay
from storage.store.artifacts import ArtifactStore
from tasks.pages.report_page import write_report_page
from tasks.pages.run_results import run_results

_MILLISECONDS = 90
"""Time of one frame of the animation."""
_ENLARGED = 2
_PAGE_WIDTH = 1000
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def animation(store: ArtifactStore, run: str, video: str | None) -> bytes:
    """An animated WebP: frames beside the same frames with the predicted objects.

    Without `video`, it shows the one with the highest J.
    """
    results = run_results(store, run)
    method = results.methods[0]
    figures = results.table("per_object")
    means = figures[figures["preset"] == method].groupby("video")["J_mean"].mean()
    shown = results.shown(video or str(means.idxmax()))
    assert shown is not None
    pictures = []
    for index in range(shown.video.frame_count):
        frame = shown.video.frame(index)
        marked = overlay(frame, shown.methods[method].label_map(index))
        both = np.concatenate([frame, np.full((len(frame), 4, 3), 255, np.uint8), marked], axis=1)
        picture = Image.fromarray(both)
        size = (picture.width * _ENLARGED, picture.height * _ENLARGED)
        pictures.append(picture.resize(size, Image.Resampling.BICUBIC))
    buffer = io.BytesIO()
    pictures[0].save(
        buffer,
        "WEBP",
        save_all=True,
        append_images=pictures[1:],
        duration=_MILLISECONDS,
        loop=0,
        quality=55,
    )
    return buffer.getvalue()


def screenshot(page: Path) -> bytes:
    """The upper part of a page, with the player, as JPEG."""
    named = os.environ.get("MASKRNN_BROWSER") or shutil.which("chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=named, args=_FLAGS)
        opened = browser.new_page(viewport={"width": _PAGE_WIDTH, "height": 1500})
        opened.goto(page.resolve().as_uri())
        opened.wait_for_selector("html[data-ready]", state="attached")
        opened.wait_for_function("() => document.getElementById('place').textContent")
        opened.wait_for_timeout(1000)
        bottom = opened.evaluate("document.getElementById('player').getBoundingClientRect().bottom")
        data = opened.screenshot(
            type="jpeg",
            quality=75,
            full_page=True,
            clip={"x": 0, "y": 0, "width": _PAGE_WIDTH, "height": int(bottom) + 20},
        )
        browser.close()
    return bytes(data)


def main() -> None:
    """Write both pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--store", default=os.environ.get("MASKRNN_STORE", "maskrnn-store"))
    parser.add_argument("--video")
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    asked = parser.parse_args()
    store = ArtifactStore(asked.store)
    (asked.out / "example.webp").write_bytes(animation(store, asked.run, asked.video))
    page = write_report_page(store, asked.run)
    (asked.out / "report.jpg").write_bytes(screenshot(page))


if __name__ == "__main__":
    main()
