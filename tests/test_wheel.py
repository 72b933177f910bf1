"""The built wheel, used from a folder that has packages with the names of this project's.

The wheel is unpacked as pip would install it, in front of the checkout on the search path.
"""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskrnn_core.synthetic import SyntheticOptions, synthetic_videos
from tests.tasks.streaming.clips import write_video

ROOT = Path(__file__).parents[1]
FOREIGN = 'raise ImportError("a package of the working folder was imported")\n'
SCRIPT = """
from flows.cli.app import main
if __name__ == "__main__":
    main()
"""
"""As pip writes it: processes that workers start import it again."""
EXAMPLE = """
import sys
import numpy as np
from PIL import Image
from maskrnn_core.interface import segment
for result in segment("walk.mp4", np.array(Image.open("first.png"))):
    Image.fromarray(result.label_map).save(f"{result.index:05d}.png")
print(sys.modules["maskrnn_core"].__file__)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("maskrnn-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    (folder / "bin").mkdir()
    (folder / "bin" / "maskrnn").write_text(SCRIPT)
    return folder / "site"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A Prefect project with a small video."""
    for package in ("flows", "tasks", "storage"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(FOREIGN)
    options = SyntheticOptions(size=(48, 64), videos_val=1, frames_val=4, object_counts=(1,))
    (video,) = synthetic_videos("val", options)
    write_video(tmp_path / "walk.mp4", map(video.frame, range(4)))
    mask = Image.fromarray(video.label_map(0)).convert("P")
    mask.putpalette(list(range(256)) * 3)
    mask.save(tmp_path / "first.png")
    return tmp_path


def run(site: Path, folder: Path, *command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def label_maps(folder: Path) -> list[np.ndarray]:
    return [np.asarray(Image.open(folder / f"{index:05d}.png")) for index in range(4)]


def test_the_wheel_holds_the_packages_and_nothing_else(site: Path) -> None:
    found = {path.name for path in site.iterdir() if path.is_dir()}
    assert {name for name in found if not name.endswith(".dist-info")} == {
        "flows",
        "tasks",
        "maskrnn_core",
        "storage",
    }
    metadata = next(site.glob("*.dist-info/METADATA")).read_text()
    needed = [line for line in metadata.splitlines() if line.startswith("Requires-Dist")]
    assert any("opencv-python-headless" in line for line in needed)
    assert not any("opencv-python>" in line or "scenedetect>" in line for line in needed)


def test_the_lock_has_one_opencv_and_that_without_windows() -> None:
    lock = (ROOT / "requirements.lock").read_text().splitlines()
    pinned = [line.split("==")[0] for line in lock if "==" in line and line[:1].isalpha()]
    assert [name for name in pinned if name.startswith("opencv")] == ["opencv-python-headless"]
    assert "scenedetect" not in pinned
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert not any(name.startswith("opencv-python>") for name in project["dependencies"])


def test_the_python_example(site: Path, folder: Path) -> None:
    (folder / "example.py").write_text(EXAMPLE)
    assert run(site, folder, "example.py").startswith(str(site))
    maps = label_maps(folder)
    np.testing.assert_array_equal(maps[0], np.asarray(Image.open(folder / "first.png")))
    assert maps[3].any()


@pytest.mark.timeout(600)
def test_the_command_with_workers_and_python_m(site: Path, folder: Path) -> None:
    arguments = ["segment", "walk.mp4", "--mask", "first.png", "--preset", "propagate"]
    script = str(site.parent / "bin" / "maskrnn")
    workers = ["--workers", "2", "--store", "store"]
    run(site, folder, script, *arguments, *workers, "--out", "one")
    run(site, folder, "-P", "-m", "flows.cli", *arguments, *workers, "--out", "two")
    first, second = (next((folder / name).rglob("00003.png")) for name in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()
