"""Stored videos give back what the source had, and notice damage."""

import os
import tracemalloc
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import CorruptArtifactError, DatasetError, MissingArtifactError
from storage.kinds.stored_flow import write_flow
from storage.kinds.videos import (
    VIDEOS,
    key_in_store,
    open_video,
    video_key,
    working_size,
    write_video,
)
from storage.store.artifacts import ArtifactStore

if TYPE_CHECKING:
    from maskrnn_core.video import Video


def test_source_size_round_trip(any_store: ArtifactStore, source: Any) -> None:
    key = write_video(any_store, source, None)
    assert key == video_key(source, None)
    video = open_video(any_store, key)
    assert (video.name, video.dataset, video.frame_count) == ("noise", "fake", 6)
    assert video.frame_names == source.frame_names
    assert video.size == video.output_size == (12, 18)
    assert video.objects == (1, 3)
    assert (video.first_frame(1), video.first_frame(3)) == (0, 1)
    for index in range(6):
        np.testing.assert_array_equal(video.frame(index), source.frame(index))
        expected = source.label_map(index)
        for found in (video.label_map(index), video.annotation(index)):
            if expected is None:
                assert found is None
            else:
                np.testing.assert_array_equal(found, expected)
                assert found is not None
                assert found.dtype == np.uint8


def test_a_stored_video_is_a_core_video(store: ArtifactStore, source: Any) -> None:
    video: Video = open_video(store, write_video(store, source, None))
    assert video.frame(0).shape == (12, 18, 3)


def test_reduced_size(store: ArtifactStore, source: Any) -> None:
    video = open_video(store, write_video(store, source, 8))
    assert video.size == (8, 12)
    assert video.output_size == (12, 18)
    reduced = cv2.resize(source.frame(2), (12, 8), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(video.frame(2), reduced)
    labels = video.label_map(2)
    assert labels is not None
    assert labels.shape == (8, 12)
    assert set(np.unique(labels)) <= {0, 1, 3, 255}
    np.testing.assert_array_equal(video.annotation(2), source.label_map(2))
    assert video.annotation(3) is None


@given(
    size=st.tuples(st.integers(1, 5000), st.integers(1, 5000)),
    short_side=st.integers(1, 3000),
)
def test_working_size_laws(size: tuple[int, int], short_side: int) -> None:
    height, width = working_size(size, short_side)
    assert min(height, width) == min(*size, short_side)
    assert height <= size[0]
    assert width <= size[1]
    assert abs(height * size[1] - width * size[0]) <= max(size), "aspect kept to half a pixel"
    assert working_size(size, None) == size


def test_keys_follow_source_and_size(make_source: Callable[..., Any]) -> None:
    sources = [make_source(), make_source(seed=1)]
    keys = {video_key(source, side) for source in sources for side in (None, 8, 12)}
    assert len(keys) == 6
    assert video_key(make_source(), 8) in keys
    with pytest.raises(ValueError, match="at least 1 pixel"):
        video_key(sources[0], 0)


def test_a_short_side_that_reduces_nothing_needs_no_other_copy(
    store: ArtifactStore, source: Any
) -> None:
    """The source has 12 x 18 pixels."""
    assert key_in_store(store, source, 12) == video_key(source, 12), "the store is empty"
    whole = write_video(store, source, None)
    assert key_in_store(store, source, None) == whole
    assert key_in_store(store, source, 12) == key_in_store(store, source, 240) == whole
    reduced = video_key(source, 11)
    assert key_in_store(store, source, 11) == reduced
    same = write_video(store, source, 12)
    assert key_in_store(store, source, 12) == same == video_key(source, 12)
    first, second = (store.open(VIDEOS, key).metadata["content_digest"] for key in (whole, same))
    assert first == second


def test_an_existing_video_is_not_decoded_again(store: ArtifactStore, source: Any) -> None:
    key = write_video(store, source, None)
    assert source.decoded == list(range(6)), "each frame once, in order"
    assert write_video(store, source, None) == key
    assert len(source.decoded) == 6


def test_the_content_digest(
    tmp_path: Path, store: ArtifactStore, make_source: Callable[..., Any]
) -> None:
    def digest(target: ArtifactStore, source: Any, side: int | None) -> str:
        return open_video(target, write_video(target, source, side)).content_digest

    source = make_source()
    first = digest(store, source, None)
    assert len(first) == 64
    assert first == digest(ArtifactStore(str(tmp_path / "again")), source, None)
    changed = make_source(seed=1)
    shorter = make_source(frames=5)
    others = {digest(store, changed, None), digest(store, source, 8), digest(store, shorter, None)}
    assert len({first, *others}) == 4


def test_writing_is_reproducible_byte_for_byte(tmp_path: Path, source: Any) -> None:
    def content(name: str) -> dict[str, str]:
        store = ArtifactStore(str(tmp_path / name))
        root = Path(store.location(VIDEOS, write_video(store, source, 8))) / "arrays.zarr"
        return {
            str(path.relative_to(root)): sha256(path.read_bytes()).hexdigest()
            for path in root.rglob("*")
            if path.is_file()
        }

    assert content("one") == content("two")


def _chunk(store: ArtifactStore, key: str, array: str, index: int) -> Path:
    folder = Path(store.location(VIDEOS, key)) / "arrays.zarr" / array / "c" / str(index)
    return next(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("array", ["frames", "labels", "annotations"])
def test_a_missing_chunk_is_an_error(store: ArtifactStore, source: Any, array: str) -> None:
    key = write_video(store, source, 8)
    _chunk(store, key, array, 2).unlink()
    video = open_video(store, key)
    read = {"frames": video.frame, "labels": video.label_map, "annotations": video.annotation}
    with pytest.raises(CorruptArtifactError, match=rf"chunk 2 of {array} is missing.*recomputed"):
        read[array](2)
    assert read[array](1) is not None


def test_chunks_of_zeros_are_stored(store: ArtifactStore, source: Any) -> None:
    source.frame = lambda index: np.zeros((12, 18, 3), np.uint8)
    key = write_video(store, source, None)
    assert not open_video(store, key).frame(3).any()
    _chunk(store, key, "frames", 3).unlink()
    with pytest.raises(CorruptArtifactError, match="missing"):
        open_video(store, key).frame(3)


def test_any_flipped_byte_is_an_error(store: ArtifactStore, source: Any) -> None:
    key = write_video(store, source, None)
    path = _chunk(store, key, "labels", 1)
    whole = path.read_bytes()
    video = open_video(store, key)
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        path.write_bytes(damaged)
        with pytest.raises(CorruptArtifactError, match="chunk 1 of labels"):
            video.label_map(1)


@pytest.mark.parametrize("length", [0, 3, 20])
def test_a_truncated_chunk_is_an_error(store: ArtifactStore, source: Any, length: int) -> None:
    key = write_video(store, source, None)
    path = _chunk(store, key, "frames", 0)
    os.truncate(path, length)
    with pytest.raises(CorruptArtifactError, match="chunk 0 of frames"):
        open_video(store, key).frame(0)


def test_indices_outside(store: ArtifactStore, source: Any) -> None:
    video = open_video(store, write_video(store, source, None))
    for index in (-1, 6):
        for read in (video.frame, video.label_map, video.annotation):
            with pytest.raises(IndexError, match=r"outside 0\.\.5"):
                read(index)
    with pytest.raises(KeyError, match="no object 2"):
        video.first_frame(2)


def test_an_object_that_vanishes_when_reduced(store: ArtifactStore, source: Any) -> None:
    labels = np.zeros((12, 18), np.uint8)
    labels[4:8, 4:8] = 1
    labels[0, 0] = 3
    source.label_map = lambda index: labels
    assert write_video(store, source, None)
    store.remove(VIDEOS, video_key(source, None))
    with pytest.raises(DatasetError, match=r"object 3 has no pixel left .* larger short side"):
        write_video(store, source, 6)
    assert store.keys(VIDEOS) == []
    assert store.sweep_staging(0) == []


@pytest.mark.parametrize("what", ["frame", "label_map"])
def test_sizes_that_change(store: ArtifactStore, source: Any, what: str) -> None:
    read = getattr(source, what)
    setattr(source, what, lambda index: read(index)[1:] if index == 2 else read(index))
    with pytest.raises(DatasetError, match=r"00002 has shape \(11, 18\).*one size"):
        write_video(store, source, None)
    assert store.keys(VIDEOS) == []


def test_flow_comes_with_its_key(store: ArtifactStore, source: Any) -> None:
    key = write_video(store, source, None)
    field = np.ones((12, 18, 2), np.float32)
    pairs = [(t, field if t else None, field * 2 if t < 5 else None) for t in range(6)]
    write_flow(store, "f", lambda start: pairs[start:], 6, (12, 18), {})
    video = open_video(store, key, "f")
    assert video.backward_flow(0) is None
    assert video.forward_flow(5) is None
    np.testing.assert_array_equal(video.forward_flow(4), field * 2)
    with pytest.raises(MissingArtifactError, match="without flow"):
        open_video(store, key).backward_flow(1)
    with pytest.raises(ValueError, match="another video"):
        open_video(store, write_video(store, source, 8), "f")


def test_memory_does_not_grow_with_length(
    store: ArtifactStore, make_source: Callable[..., Any]
) -> None:
    def peak(frames: int) -> int:
        source = make_source(size=(120, 160), frames=frames)
        tracemalloc.start()
        video = open_video(store, write_video(store, source, 100))
        for index in range(frames):
            video.frame(index)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(2)
    added = 120 * 160 * 3 * (40 - 8)  # bytes of the further frames
    assert peak(40) < peak(8) + added / 3
