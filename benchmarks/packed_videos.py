"""Reads videos from one file that is small enough to copy; flow is estimated after reading.

The file is a plain zip: `index.json`, and per video of a split `SPLIT/VIDEO/frames/00000.jpg`,
`labels/00000.png`, and `annotations/00000.png` where predictions are evaluated at another size.
`pack_videos.py` writes it. Reading needs maskrnn_core, numpy and OpenCV only.
"""

import json
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskrnn_core.optical_flow.registry import build_estimator
from maskrnn_core.optical_flow.streaming import stream_flow
from maskrnn_core.video import FloatArray, UInt8Array

INDEX = "index.json"
FIELDS = ("name", "frame_count", "objects", "first_frames", "size", "output_size", "annotated")
"""What the index tells of a video, as the store's videos tell it."""

_Half = NDArray[np.float16]


class PackedVideo:
    """Satisfies `maskrnn_core.video.Video`; files stay compressed in memory until they are used.

    Args:
        known: the video's entry in the index.
        files: by name below the video's folder, such as "frames/00000.jpg".
    """

    def __init__(self, known: dict[str, Any], files: dict[str, bytes]) -> None:
        self.name: str = known["name"]
        self.frame_count: int = known["frame_count"]
        self.objects: Sequence[int] = known["objects"]
        self.size: tuple[int, int] = (known["size"][0], known["size"][1])
        self.output_size: tuple[int, int] = (known["output_size"][0], known["output_size"][1])
        self.annotated = frozenset(known["annotated"])
        self._first_frames = dict(zip(known["objects"], known["first_frames"], strict=True))
        self._files = files
        self._backward: list[_Half | None] = []
        self._forward: list[_Half | None] = []

    def estimate_flow(self, estimator: str) -> None:
        """Flow between all neighbouring frames, kept as float16 (error below 0.02 px)."""
        for _, backward, forward in stream_flow(
            build_estimator(estimator), self.frame, self.frame_count
        ):
            self._backward.append(None if backward is None else backward.astype(np.float16))
            self._forward.append(None if forward is None else forward.astype(np.float16))

    def first_frame(self, object_id: int) -> int:
        """Index of the first frame in which the object is annotated."""
        return int(self._first_frames[object_id])

    def frame(self, index: int) -> UInt8Array:
        """Frame as uint8 (H, W, 3), RGB."""
        bgr = self._image(f"frames/{index:05d}.jpg", cv2.IMREAD_COLOR)
        return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)

    def label_map(self, index: int) -> UInt8Array | None:
        """Label map as uint8 (H, W); None when the frame is not annotated."""
        if index not in self.annotated:
            return None
        return self._image(f"labels/{index:05d}.png", cv2.IMREAD_GRAYSCALE)

    def annotation(self, index: int) -> UInt8Array | None:
        """The label map at `output_size`; None when the frame is not annotated."""
        if self.size == self.output_size or index not in self.annotated:
            return self.label_map(index)
        return self._image(f"annotations/{index:05d}.png", cv2.IMREAD_GRAYSCALE)

    def backward_flow(self, index: int) -> FloatArray | None:
        """flow[index -> index - 1], float32 (H, W, 2), pixels; None at index 0."""
        return _single(self._backward[index])

    def forward_flow(self, index: int) -> FloatArray | None:
        """flow[index -> index + 1], float32 (H, W, 2), pixels; None at the end."""
        return _single(self._forward[index])

    def _image(self, name: str, mode: int) -> UInt8Array:
        image = cv2.imdecode(np.frombuffer(self._files[name], np.uint8), mode)
        if image is None:
            raise ValueError(f"{self.name}: {name} is no image; pack the videos again")
        return np.asarray(image, np.uint8)


def read_pack(file: Path, split: str, estimator: str, threads: int) -> list[PackedVideo]:
    """The videos of a split with their flow, videos in parallel.

    Raises:
        KeyError: the file has no such split.
    """
    with zipfile.ZipFile(file) as archive:
        index = json.loads(archive.read(INDEX))
        if split not in index:
            raise KeyError(f"{file} has no split {split!r}; it has {', '.join(index)}")
        videos = []
        for known in index[split]:
            folder = f"{split}/{known['name']}/"
            names = [name for name in archive.namelist() if name.startswith(folder)]
            files = {name.removeprefix(folder): archive.read(name) for name in names}
            videos.append(PackedVideo(known, files))
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda video: video.estimate_flow(estimator), videos))
    return videos


def _single(flow: _Half | None) -> FloatArray | None:
    return None if flow is None else flow.astype(np.float32)
