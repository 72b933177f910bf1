"""The flow stage on unusual videos, interrupted, damaged."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskrnn_core.options import ComputeOptions
from storage.errors import DatasetError
from storage.kinds.stored_flow import FLOW, StoredFlow
from storage.kinds.stored_video import open_video
from storage.kinds.videos import write_video
from storage.runs.ledger import RunLedger
from storage.runs.names import RecordName
from storage.store.artifacts import ArtifactStore
from tasks.errors import UnitError
from tasks.inputs.flow_method import flow_method
from tasks.run.run_context import RunContext
from tasks.run.stages import flow
from tasks.units.flow import estimate_flow
from tests.tasks.inline import InlineBridge

COMPUTE = ComputeOptions(device="cpu", threads=1)
TEXTURE = RecordName("video", "texture")
METHOD = flow_method("dis-ultrafast")


class Source:
    """A texture that moves by (2, 1) pixels per frame."""

    dataset = "moving"
    name = "texture"
    objects = (1,)

    def __init__(self, frames: int = 4, size: tuple[int, int] = (40, 60), gray: bool = False):
        self.frame_count = frames
        self.frame_names = tuple(f"{index:05d}" for index in range(frames))
        self.size = size
        noise = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
        self._scene = np.kron(noise, np.ones((4, 4, 1), np.uint8))
        if gray:
            self._scene[...] = self._scene[..., :1]

    def fingerprint(self) -> str:
        return f"{self.frame_count}-{self.size}"

    def frame(self, index: int) -> Any:
        height, width = self.size
        y, x = 20 - index, 30 - 2 * index
        return np.ascontiguousarray(self._scene[y : y + height, x : x + width])

    def label_map(self, index: int) -> Any:
        labels = np.zeros(self.size, np.uint8)
        labels[: self.size[0] // 2 + 1, : self.size[1] // 2 + 1] = 1
        return labels


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(str(tmp_path / "store"))


def _estimate(store: ArtifactStore, source: Any) -> StoredFlow:
    key = write_video(store, source, None)
    estimate_flow(store.url, "f", key, METHOD, COMPUTE)
    assert open_video(store, key, "f").frame_count == source.frame_count
    return StoredFlow(store, "f")


@pytest.mark.parametrize("gray", [False, True])
def test_moving_texture(store: ArtifactStore, gray: bool) -> None:
    found = _estimate(store, Source(gray=gray))
    forward, backward = found.forward(1), found.backward(2)
    assert forward is not None
    assert backward is not None
    inner = np.s_[10:-10, 10:-10]
    np.testing.assert_allclose(np.median(forward[inner], axis=(0, 1)), (2, 1), atol=0.3)
    np.testing.assert_allclose(np.median(backward[inner], axis=(0, 1)), (-2, -1), atol=0.3)


def test_one_frame(store: ArtifactStore) -> None:
    found = _estimate(store, Source(frames=1))
    assert (found.frame_count, found.forward(0), found.backward(0)) == (1, None, None)


@pytest.mark.parametrize("size", [(40, 1), (1, 60)])
def test_frames_of_one_pixel(store: ArtifactStore, size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"frames 0 and 1: frames of .* are too small"):
        _estimate(store, Source(size=size))
    assert not store.exists(FLOW, "f")


def test_frames_of_changing_size(store: ArtifactStore) -> None:
    source = Source()
    frame = source.frame
    source.frame = lambda index: frame(index)[1:] if index == 2 else frame(index)  # type: ignore[method-assign]
    with pytest.raises(DatasetError, match="00002"):
        _estimate(store, source)


def test_flow_that_is_not_finite(store: ArtifactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        name = digest = "broken"

        def estimate_both(self, first: Any, second: Any) -> Any:
            field = np.full((*first.shape[:2], 2), np.nan, np.float32)
            return field, field

    monkeypatch.setattr("tasks.inputs.flow_method.build_estimator", lambda *_: Broken())
    with pytest.raises(ValueError, match="frame 0 reaches nan pixels"):
        _estimate(store, Source())
    assert not store.exists(FLOW, "f")


def test_an_interrupted_video_begins_where_it_stopped(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Runs of two frames, so that a short video has several.
    monkeypatch.setattr("storage.kinds.flow_writer._LONGEST", 2)
    source = Source(frames=8)
    key = write_video(store, source, None)
    estimate_flow(store.url, "whole", key, METHOD, COMPUTE)
    build = type(METHOD).build

    def failing(self: Any, compute: ComputeOptions) -> Any:
        estimator: Any = build(self, compute)
        both, calls = estimator.estimate_both, iter(range(5))

        def limited(first: Any, second: Any) -> Any:
            if next(calls, None) is None:
                raise MemoryError("no room")
            return both(first, second)

        estimator.estimate_both = limited
        return estimator

    with monkeypatch.context() as patch:
        patch.setattr(type(METHOD), "build", failing)
        with pytest.raises(MemoryError):
            estimate_flow(store.url, "f", key, METHOD, COMPUTE)
    done = estimate_flow(store.url, "f", key, METHOD, COMPUTE)
    assert (done.computed, done.kept) == (4, 4)
    one, other = StoredFlow(store, "whole"), StoredFlow(store, "f")
    for index in range(8):
        np.testing.assert_array_equal(one.forward(index), other.forward(index))
        np.testing.assert_array_equal(one.backward(index), other.backward(index))


def test_the_stage_repairs_and_tells(
    store: ArtifactStore, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("maskrnn"), "propagate", True)
    key = write_video(store, Source(), None)

    def stage() -> tuple[str, Any]:
        context = RunContext(store, InlineBridge(), RunLedger(store, "run"))
        context.begin(TEXTURE)
        video = flow.fn(context, key, METHOD, COMPUTE, TEXTURE)
        context.end(TEXTURE)
        record = RunLedger(store, "run").read("texture")
        assert record is not None
        return video.flow_key, record.stages["flow"]

    flow_key, first = stage()
    assert (first.reused, first.figures["computed"], first.note) == (False, 4, "")
    flow_key, second = stage()
    assert second.reused
    place = Path(store.location(FLOW, flow_key)) / "arrays.zarr" / "backward" / "c" / "0"
    shard = next(path for path in place.rglob("*") if path.is_file())
    whole = shard.read_bytes()
    shard.write_bytes(whole[: len(whole) // 2])
    _, third = stage()
    assert not third.reused
    assert "damaged flow was removed and computed again" in third.note
    assert third.note in caplog.text
    assert shard.read_bytes() == whole


def test_a_failed_stage_tells_why(store: ArtifactStore) -> None:
    key = write_video(store, Source(size=(8, 12)), None)
    context = RunContext(store, InlineBridge(), RunLedger(store, "run"))
    with pytest.raises(UnitError, match="too small"):
        flow.fn(context, key, METHOD, COMPUTE, TEXTURE)
    record = RunLedger(store, "run").read("texture")
    assert record is not None
    assert record.stages["flow"].state == "failed"
    assert [kind for kind, _ in record.artifacts()] == [FLOW]
