"""Stored optical flow: two encodings compared with a memmap, and the cache of the pipeline.

Run as `python benchmarks/flow_cache.py`, with `--frames FOLDER` for a folder of JPEG or PNG frames
(otherwise a generated video). Rates are megabytes of float32 flow per second, so that all rows
compare; the best of several turns, taken alternately. Nothing is synced to the disk: what is
compared is the work, not the device.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import BloscCodec, Crc32cCodec

from maskrnn_core.optical_flow.opencv import DIS
from maskrnn_core.synthetic import SyntheticOptions, synthetic_videos
from storage.kinds.flow_writer import FlowPair
from storage.kinds.repair import repair
from storage.kinds.stored_flow import FLOW, StoredFlow, write_flow
from storage.store.artifacts import ArtifactStore

FloatArray = NDArray[np.float32]

_SIZE = (480, 854)
_RUN = 16


def _flow(folder: Path | None, count: int) -> FloatArray:
    """(2, T - 1, H, W, 2): forward, then backward."""
    if folder is None:
        video = synthetic_videos("val", SyntheticOptions(size=_SIZE, frames_val=count))[0]
        frames = [video.frame(index) for index in range(count)]
    else:
        files = sorted(f for f in folder.iterdir() if f.suffix in {".jpg", ".png"})[:count]
        frames = [np.asarray(cv2.imread(str(file)), np.uint8)[..., ::-1] for file in files]
    estimator = DIS()
    pairs = [estimator.estimate_both(a, b) for a, b in pairwise(frames)]
    return np.stack([np.stack([pair[way] for pair in pairs]) for way in range(2)])


class _Memmap:
    name = "numpy memmap, float32"

    def __init__(self, folder: Path) -> None:
        self._file = folder / "flow.npy"

    def write(self, flow: FloatArray) -> None:
        array = np.lib.format.open_memmap(self._file, "w+", np.float32, flow.shape)
        array[...] = flow
        array.flush()

    def read(self, like: FloatArray) -> FloatArray:
        return np.array(np.load(self._file, mmap_mode="r"))


class _Zarr:
    """Sharded like the cache, with one encoding."""

    def __init__(self, folder: Path, kind: str, level: int, shuffle: str) -> None:
        self.name = f"zarr {kind}, zstd-{level}, {shuffle}"
        self._place = folder / "zarr"
        self._integer = kind == "int16"
        self._codec = [BloscCodec(cname="zstd", clevel=level, shuffle=shuffle), Crc32cCodec()]  # type: ignore[arg-type]

    def write(self, flow: FloatArray) -> None:
        group = zarr.open_group(self._place, mode="w")
        for way, fields in enumerate(flow):
            array = group.create_array(
                str(way),
                shape=fields.shape,
                shards=(_RUN, *fields.shape[1:]),
                chunks=(1, *fields.shape[1:]),
                dtype=np.int16 if self._integer else np.float16,
                compressors=self._codec,
            )
            for start in range(0, len(fields), _RUN):
                array[start : start + _RUN] = self._encode(fields[start : start + _RUN])

    def read(self, like: FloatArray) -> FloatArray:
        group = zarr.open_group(self._place, mode="r")
        found = np.empty_like(like)
        for way, fields in enumerate(found):
            array = group[str(way)]
            assert isinstance(array, zarr.Array)
            for index in range(len(fields)):
                frame = np.asarray(array[index]).astype(np.float32)
                fields[index] = frame / np.float32(64) if self._integer else frame
        return found

    def _encode(self, fields: FloatArray) -> NDArray[np.int16] | NDArray[np.float16]:
        if self._integer:
            units: NDArray[np.int16] = np.rint(fields * np.float32(64)).astype(np.int16)
            return units
        return fields.astype(np.float16)


class _Cache:
    name = "the cache (int16, zstd-1, shuffle)"

    def __init__(self, folder: Path) -> None:
        self.store = ArtifactStore(str(folder / "store"))

    def write(self, flow: FloatArray) -> None:
        forward, backward = flow
        count = len(forward) + 1
        pairs: list[FlowPair] = [
            (i, backward[i - 1] if i else None, forward[i] if i < count - 1 else None)
            for i in range(count)
        ]
        size = (flow.shape[2], flow.shape[3])
        write_flow(self.store, "k", lambda start: pairs[start:], count, size, {})

    def read(self, like: FloatArray) -> FloatArray:
        stored = StoredFlow(self.store, "k")
        found = np.empty_like(like)
        for index in range(like.shape[1]):
            found[0, index] = stored.forward(index)
            found[1, index] = stored.backward(index + 1)
        return found


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=Path, help="folder of frames")
    parser.add_argument("--count", type=int, default=33)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    flow = _flow(options.frames, options.count)
    fields = flow.shape[0] * flow.shape[1]
    megabytes = flow.nbytes / 1e6
    length = np.hypot(flow[..., 0], flow[..., 1])
    print(f"{fields} fields of {flow.shape[2]}x{flow.shape[3]} by DIS, {megabytes:.0f} MB float32")
    print(f"motion {length.mean():.2f} px on average, {length.max():.1f} px at most")
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)

        def place(number: int) -> Path:
            (root / str(number)).mkdir()
            return root / str(number)

        rows: list[_Memmap | _Zarr | _Cache] = [
            _Memmap(place(0)),
            _Zarr(place(1), "float16", 3, "shuffle"),
            _Zarr(place(2), "float16", 3, "bitshuffle"),
            _Zarr(place(3), "int16", 3, "shuffle"),
            _Zarr(place(4), "int16", 3, "bitshuffle"),
            _Zarr(place(5), "int16", 1, "shuffle"),
            _Cache(place(6)),
        ]
        best = {row.name: [float("inf"), float("inf")] for row in rows}
        sizes, errors = {}, {}
        for _ in range(options.turns):
            for number, row in enumerate(rows):
                shutil.rmtree(root / str(number))
                (root / str(number)).mkdir()
                times = best[row.name]
                times[0] = min(times[0], _seconds(lambda row=row: row.write(flow)))  # type: ignore[misc]
                times[1] = min(times[1], _seconds(lambda row=row: row.read(flow)))  # type: ignore[misc]
                sizes[row.name] = _bytes(root / str(number))
                error = row.read(flow) - flow
                errors[row.name] = np.hypot(error[..., 0], error[..., 1])
        print(f"{'':38} MB/field  ratio  write MB/s  read MB/s  end-point error px: mean, max")
        for label, (write, read) in best.items():
            print(
                f"{label:38} {sizes[label] / fields / 1e6:8.3f} {flow.nbytes / sizes[label]:6.1f} "
                f"{megabytes / write:11.0f} {megabytes / read:10.0f}  "
                f"{errors[label].mean():.4f}, {errors[label].max():.4f}"
            )
        cache = rows[-1]
        assert isinstance(cache, _Cache)
        seconds = _seconds(lambda: repair(cache.store, FLOW, "k"))
        print(
            f"comparing all digests of the cache: {megabytes / seconds:.0f} MB/s ({seconds:.3f} s)"
        )


if __name__ == "__main__":
    main()
