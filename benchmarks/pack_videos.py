"""Pack the splits of a data set at training size into one file, for a machine elsewhere.

    python benchmarks/pack_videos.py davis.zip --dataset davis2016 --root /data/DAVIS

Frames become JPEG at the working size; label maps, and the annotations at their own size where
that is another one, become PNG. `run_packed.py` trains and evaluates from the file alone.
"""

import argparse
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from packed_videos import FIELDS, INDEX

from storage.kinds.stored_video import StoredVideo
from storage.kinds.videos import open_video, write_video
from storage.store.artifacts import ArtifactStore
from tasks.inputs.sources import DatasetSpec, open_sources


def pack_video(archive: zipfile.ZipFile, folder: str, video: StoredVideo, quality: int) -> None:
    """Write the files of one video below `folder`."""

    def put(name: str, extension: str, image: Any, *options: int) -> None:
        _, data = cv2.imencode(extension, np.asarray(image), list(options))
        archive.writestr(f"{folder}/{name}{extension}", data.tobytes())

    for index in range(video.frame_count):
        bgr = cv2.cvtColor(video.frame(index), cv2.COLOR_RGB2BGR)
        put(f"frames/{index:05d}", ".jpg", bgr, cv2.IMWRITE_JPEG_QUALITY, quality)
        label_map = video.label_map(index)
        if label_map is not None:
            put(f"labels/{index:05d}", ".png", label_map)
            if video.size != video.output_size:
                put(f"annotations/{index:05d}", ".png", video.annotation(index))


def main() -> None:
    """Write the file and print its size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--dataset", default="synthetic")
    parser.add_argument("--root")
    parser.add_argument("--splits", default="train,val")
    parser.add_argument("--videos", type=int, help="at most so many of each split")
    parser.add_argument("--short-side", type=int, default=240)
    parser.add_argument("--quality", type=int, default=85, help="of JPEG, 0 to 100")
    arguments = parser.parse_args()
    index: dict[str, list[dict[str, Any]]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        zipfile.ZipFile(arguments.file, "w", zipfile.ZIP_STORED) as archive,
    ):
        store = ArtifactStore(folder)
        for split in arguments.splits.split(","):
            spec = DatasetSpec(arguments.dataset, arguments.root, split)
            index[split] = []
            for source in open_sources(spec)[: arguments.videos]:
                video = open_video(store, write_video(store, source, arguments.short_side))
                pack_video(archive, f"{split}/{video.name}", video, arguments.quality)
                index[split].append({name: video.attributes[name] for name in FIELDS})
                print(f"{split}/{video.name}: {video.frame_count} frames", flush=True)
        archive.writestr(INDEX, json.dumps(index))
    print(f"{arguments.file}: {arguments.file.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
