"""Workers for all flow tests, and a small data set in DAVIS layout."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from PIL import Image

from maskrnn_core.synthetic import SyntheticOptions, SyntheticVideo, synthetic_videos
from tasks.dask_bridge import Bridge

OPTIONS = SyntheticOptions(
    size=(48, 64), videos_train=2, videos_val=3, frames_train=4, frames_val=5
)


@pytest.fixture(scope="session")
def scheduler() -> Iterator[str]:
    """Address of a cluster of two workers that all tests share."""
    with Bridge(workers=2) as bridge:
        bridge.run(len, "", resource="CPU")
        assert bridge.address is not None
        yield bridge.address


@pytest.fixture
def davis(tmp_path: Path) -> Path:
    """Root of a DAVIS-2017 data set: two videos to train on, three to segment."""
    root = tmp_path / "davis"
    sets = root / "ImageSets" / "2017"
    sets.mkdir(parents=True)
    for split in ("train", "val"):
        videos = synthetic_videos(split, OPTIONS)
        for video in videos:
            write_video(root, video)
        (sets / f"{split}.txt").write_text("".join(f"{video.name}\n" for video in videos))
    return root


def write_video(root: Path, video: SyntheticVideo) -> None:
    """Write frames as JPEG and label maps as palette PNG, in the layout of DAVIS."""
    frames = root / "JPEGImages" / "480p" / video.name
    masks = root / "Annotations" / "480p" / video.name
    frames.mkdir(parents=True)
    masks.mkdir(parents=True)
    for index, name in enumerate(video.frame_names):
        bgr = cv2.cvtColor(video.frame(index), cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(frames / f"{name}.jpg"), bgr)
        mask = Image.fromarray(video.label_map(index)).convert("P")
        mask.putpalette([value for i in range(256) for value in (i, 255 - i, 7 * i % 256)])
        mask.save(masks / f"{name}.png")
