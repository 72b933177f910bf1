"""An archive of one short video."""

from pathlib import Path

import numpy as np
from PIL import Image

from maskrnn_core.synthetic import SyntheticOptions, synthetic_videos


def written_manifest(folder: Path) -> Path:
    """An archive of one video, a folder of frames."""
    (video,) = synthetic_videos("val", SyntheticOptions(size=(48, 64), videos_val=1, frames_val=3))
    (folder / "frames").mkdir()
    for index in range(3):
        Image.fromarray(video.frame(index)).save(folder / "frames" / f"{index:05}.png")
    Image.fromarray(np.asarray(video.label_map(0))).save(folder / "mask.png")
    manifest = folder / "archive.csv"
    manifest.write_text("id,video,mask\nfilm,frames,mask.png\n")
    return manifest
