"""The Python examples of the documentation run: the first of the page, and the notebook.

The cells of the notebook are executed one after the other in one namespace; no Jupyter is needed.
"""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from maskrnn_core.synthetic import SyntheticOptions, synthetic_videos
from tests.docs.pages import ROOT
from tests.tasks.streaming.clips import write_video

PAGE = ROOT / "docs" / "python.md"
NOTEBOOK = ROOT / "docs" / "examples" / "python.ipynb"


def first_example() -> str:
    """The first block of code of the page."""
    block = re.search(r"\n\n((?:    .*\n)+)", PAGE.read_text())
    assert block is not None
    return "".join(line[4:] for line in block[1].splitlines(keepends=True))


def test_the_first_example_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = SyntheticOptions(size=(48, 64), videos_val=1, frames_val=4, object_counts=(2,))
    video = synthetic_videos("val", options)[0]
    write_video(tmp_path / "walk.mp4", map(video.frame, range(4)))
    mask = Image.fromarray(video.label_map(0)).convert("P")
    mask.putpalette(list(range(256)) * 3)
    mask.save(tmp_path / "first.png")
    monkeypatch.chdir(tmp_path)
    text = first_example()
    assert len(text.splitlines()) == 5
    exec(text, {})
    maps = [np.asarray(Image.open(tmp_path / f"{index:05d}.png")) for index in range(4)]
    np.testing.assert_array_equal(maps[0], video.label_map(0))
    assert ((maps[3] > 0) & (video.label_map(3) > 0)).any()
    assert not (tmp_path / "00004.png").exists()


def test_the_notebook() -> None:
    notebook = json.loads(NOTEBOOK.read_text())
    assert notebook["nbformat"] == 4
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert cells
    namespace: dict[str, Any] = {}
    for cell in cells:
        assert cell["outputs"] == []  # outputs would grow with every execution
        exec("".join(cell["source"]), namespace)
    assert min(namespace["scores"].values()) > 0.4
    assert min(namespace["corrected"].values()) >= min(namespace["scores"].values())
