"""Small video files of generated scenes, with cuts where two scenes meet."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from maskrnn_core.options import ComputeOptions
from maskrnn_core.synthetic import SyntheticOptions, SyntheticVideo, synthetic_videos
from maskrnn_core.video import UInt8Array
from tasks.clip import StreamedClip

CPU = ComputeOptions(device="cpu", threads=1)
RATE = 25


def scenes(count: int, frames: int, size: tuple[int, int] = (48, 64)) -> list[SyntheticVideo]:
    """Scenes that look different, one or two objects each."""
    options = SyntheticOptions(size=size, videos_val=count, frames_val=frames)
    return synthetic_videos("val", options)


def write_video(path: Path, pictures: Iterable[UInt8Array]) -> None:
    """A lossless file of 25 frames per second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=RATE)
        assert isinstance(stream, av.VideoStream)
        stream.pix_fmt = "bgr0"
        for index, picture in enumerate(pictures):
            if index == 0:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_masks(folder: Path, label_maps: Mapping[int, UInt8Array]) -> None:
    """Palette PNG named as the frames."""
    folder.mkdir()
    for index, label_map in label_maps.items():
        image = Image.fromarray(label_map).convert("P")
        image.putpalette(list(range(256)) * 3)
        image.save(folder / f"{index:05d}.png")


def write_clip(folder: Path, parts: list[SyntheticVideo], masks: Iterable[int]) -> StreamedClip:
    """The scenes one after the other, with true masks of some frames."""
    frames = [part.frame(index) for part in parts for index in range(part.frame_count)]
    labels = [part.label_map(index) for part in parts for index in range(part.frame_count)]
    folder.mkdir(exist_ok=True)
    write_video(folder / "clip.mkv", frames)
    write_masks(folder / "masks", {index: np.asarray(labels[index]) for index in masks})
    return StreamedClip(str(folder / "clip.mkv"), str(folder / "masks"), "clip")
