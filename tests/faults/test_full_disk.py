"""The disk fills up at seeded moments of an archive; with more room the same command ends it."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from maskrnn_core.synthetic import SyntheticOptions, synthetic_videos
from tests.clusters import ROOT
from tests.faults.moments import MOMENTS

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]

CLIPS, FRAMES = 6, 6
_UNSHARE = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
_FILL = 'mount -t tmpfs -o size=32m tmpfs "$1" && exec "$0" -m tests.faults.filling_disk "$@"'


def write_archive(folder: Path) -> None:
    """Write six folders of frames, their masks, and list.csv with a row for each."""
    options = SyntheticOptions(size=(48, 64), videos_val=CLIPS, frames_val=FRAMES)
    videos = synthetic_videos("val", options)
    for video in videos:
        (folder / video.name).mkdir()
        for index, name in enumerate(video.frame_names):
            Image.fromarray(video.frame(index)).save(folder / video.name / f"{name}.png")
        Image.fromarray(video.label_map(0)).save(folder / f"{video.name}-mask.png")
    names = [video.name for video in videos]
    masks = [f"{name}-mask.png" for name in names]
    pd.DataFrame({"id": names, "video": names, "mask": masks}).to_csv(
        folder / "list.csv", index=False
    )


def test_the_disk_fills_up_in_an_archive_run(tmp_path: Path) -> None:
    if subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a file system in a name space (unshare)")
    disk, folder = tmp_path / "disk", tmp_path / "archive"
    disk.mkdir()
    folder.mkdir()
    write_archive(folder)
    rounds = max(1, MOMENTS // 2)  # a round is two runs
    command = [*_UNSHARE, _FILL, sys.executable, str(disk), str(folder), str(rounds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stderr[-6000:]
