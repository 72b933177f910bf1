"""Zarr arrays with one chunk per frame; each chunk has a checksum and is read alone.

Blosc and Zstandard are lossless. crc32c is the outermost codec, so a changed byte is found before
decompression.
"""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from zarr.codecs import BloscCodec, Crc32cCodec, ZstdCodec

from storage.files.zarr_stores import ChangedMetadataError, MissingChunkError
from storage.store.artifact_content import ARRAYS, CHUNK, ArtifactReader, ArtifactWriter

_COMPRESSORS: dict[str, list[Any]] = {
    # Decoded photographs hardly compress: level 1 is as small as level 3 and twice as fast.
    "image": [ZstdCodec(level=1), Crc32cCodec()],
    # Level 3 saves a tenth of the size and takes twice the time, to write and to read
    # (benchmarks/flow_cache.py); bytes of integer flow compress better than its bits.
    "flow": [BloscCodec(cname="zstd", clevel=1, shuffle="shuffle"), Crc32cCodec()],
}


def open_array(
    writer: ArtifactWriter,
    name: str,
    shape: tuple[int, ...],
    dtype: DTypeLike,
    *,
    chunk: tuple[int, ...],
    shard: tuple[int, ...] | None = None,
    content: str = "image",
    dimensions: tuple[str, ...] | None = None,
) -> Any:
    """Open an array for writing; continues one that a former writer began.

    Args:
        writer: artifact that holds it.
        name: name of the array in the artifact's Zarr hierarchy.
        shape: shape of the whole array.
        dtype: type on disk.
        chunk: shape of the part that is compressed together.
        shard: shape of the part in one file; None puts every chunk into its own file.
        content: selects the compression: "image" or "flow".
        dimensions: names of the axes.
    """
    group = writer.group()
    if name in group:
        former: Any = group[name]
        return former.with_config({"write_empty_chunks": True})
    return group.create_array(
        name,
        shape=shape,
        chunks=chunk,
        shards=shard,
        dtype=np.dtype(dtype),
        compressors=_COMPRESSORS[content],
        dimension_names=dimensions,
        # Chunks of zeros are written, too, because a missing chunk means damage.
        config={"write_empty_chunks": True},
    )


class FrameArrayWriter:
    """Writes an array of shape (T, *frame_shape), one frame or one run of frames at a time.

    Args:
        writer: artifact that holds it; an array that a former writer began is continued.
        name: name of the array in the artifact's Zarr hierarchy.
        frame_count: T.
        frame_shape: shape of one frame.
        dtype: type on disk.
        run: frames in one file; the last one may hold fewer. None puts each frame into its own
            file.
        alone: whether each frame has its own checksum and can be read without the others of its
            file.
        content: selects the compression: "image" or "flow".
        axes: names of the axes of a frame; None names no axis at all.
    """

    def __init__(
        self,
        writer: ArtifactWriter,
        name: str,
        frame_count: int,
        frame_shape: tuple[int, ...],
        dtype: DTypeLike,
        *,
        run: int | None = None,
        alone: bool = True,
        content: str = "image",
        axes: tuple[str, ...] | None = None,
    ) -> None:
        self._writer = writer
        self.name = name
        self.frame_count = frame_count
        self.frame_shape = frame_shape
        self.dtype = np.dtype(dtype)
        self.run = run or 1
        chunk = tuple(max(length, 1) for length in frame_shape)
        self._array = open_array(
            writer,
            name,
            (frame_count, *frame_shape),
            dtype,
            chunk=(1 if alone else self.run, *chunk),
            shard=(run, *chunk) if alone and run is not None else None,
            content=content,
            dimensions=None if axes is None else ("frame", *axes),
        )

    def write(self, start: int, frames: NDArray[Any]) -> None:
        """Write the frames (N, *frame_shape) from index `start` on: whole files.

        Raises:
            ValueError: a frame has another shape; Zarr would broadcast it.
        """
        if frames.shape[1:] != self.frame_shape:
            raise ValueError(
                f"frame {start} of array {self.name} has shape {frames.shape[1:]}, expected "
                f"{self.frame_shape}"
            )
        self._array[start : start + len(frames)] = frames

    def has(self, start: int, end: int) -> bool:
        """Whether the files of frames `start` to `end - 1` are finished.

        Files of a former writer count, except those that did not survive a power loss.
        """
        if 0 in self.frame_shape:  # frames without values have no files
            return True
        first, last = start // self.run, (end - 1) // self.run
        rest = "/0" * len(self.frame_shape)
        return all(
            f"{ARRAYS}/{self.name}{CHUNK}{run}{rest}" in self._writer.digests
            for run in range(first, last + 1)
        )

    def read(self) -> NDArray[Any]:
        """Read everything that was written; for a small array."""
        return np.asarray(self._array[...])


class FrameArrayReader:
    """Array of shape (T, *frame_shape) of a complete artifact, read frame by frame.

    Raises:
        CorruptArtifactError: the array is missing or its metadata have changed.
    """

    def __init__(self, artifact: ArtifactReader, name: str) -> None:
        self._artifact = artifact
        self._name = name
        self._array = artifact.array(name)
        self.shape: tuple[int, ...] = self._array.shape

    def read(self, index: int) -> NDArray[Any]:
        """Read and decompress frame `index`.

        Raises:
            IndexError: the index is outside 0..T-1 (also if it is negative).
            CorruptArtifactError: its chunk is missing or its checksum is wrong.
        """
        if not 0 <= index < self.shape[0]:
            raise IndexError(f"frame {index} is outside 0..{self.shape[0] - 1} of {self._name}")
        try:
            return np.asarray(self._array[index])
        except MissingChunkError as error:
            raise self._artifact.corrupt(f"chunk {index} of {self._name} is missing") from error
        except (ChangedMetadataError, ValueError, RuntimeError, TypeError) as error:
            raise self._artifact.corrupt(
                f"chunk {index} of {self._name} fails its checksum or cannot be decompressed"
            ) from error


def write_whole(
    writer: ArtifactWriter,
    name: str,
    values: NDArray[Any],
    dimensions: tuple[str, ...] | None = None,
) -> None:
    """Write a small array as one chunk with a checksum."""
    chunk = tuple(max(length, 1) for length in values.shape)
    array = open_array(writer, name, values.shape, values.dtype, chunk=chunk, dimensions=dimensions)
    array[...] = values


def read_whole(artifact: ArtifactReader, name: str) -> NDArray[Any]:
    """Read a small array written by `write_whole`.

    Raises:
        CorruptArtifactError: the array is missing or damaged.
    """
    array = artifact.array(name)
    try:
        return np.asarray(array[...])
    except (MissingChunkError, ChangedMetadataError, ValueError, RuntimeError, TypeError) as error:
        raise artifact.corrupt(f"array {name} is missing or fails its checksum") from error
