"""Stored flow is exact to 1/128 pixel, and complete or absent."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import CorruptArtifactError, IncompleteArtifactError, MissingArtifactError
from storage.kinds.flow_encoding import STEP, decode, encode
from storage.kinds.repair import repair
from storage.kinds.stored_flow import FLOW, FlowWrite, StoredFlow, write_flow
from storage.store.artifacts import ArtifactStore

SIZE = (6, 9)


def _field(index: int, direction: int) -> Any:
    noise = np.random.default_rng([index, direction])
    return (noise.normal(size=(*SIZE, 2)) * 20).astype(np.float32)


def _pairs(count: int, start: int = 0) -> Iterator[tuple[int, Any, Any]]:
    for index in range(start, count):
        backward = _field(index, 0) if index else None
        forward = _field(index, 1) if index < count - 1 else None
        yield index, backward, forward


def _write(store: ArtifactStore, count: int) -> FlowWrite:
    return write_flow(store, "k", lambda start: _pairs(count, start), count, SIZE, {"of": "dis"})


@given(st.floats(1e-3, 16384.0), st.integers(0, 2**32 - 1))
@settings(max_examples=50)
def test_the_bound_of_the_encoding(largest: float, seed: int) -> None:
    field = np.random.default_rng(seed).uniform(-largest, largest, (*SIZE, 2)).astype(np.float32)
    units, step = encode(field, "field")
    assert np.abs(decode(units, step) - field).max() <= step / 2
    assert step == STEP if largest < 511 else step <= largest / 2**14


def test_round_trip(any_store: ArtifactStore) -> None:
    done = _write(any_store, 40)
    assert (done.computed, done.kept) == (40, 0)
    assert done.size > 40 * SIZE[0] * SIZE[1]
    flow = StoredFlow(any_store, "k")
    assert (flow.frame_count, flow.size) == (40, SIZE)
    assert flow.metadata["of"] == "dis"
    assert flow.metadata["largest_error"] == 1 / 128
    assert flow.backward(0) is None
    assert flow.forward(39) is None
    for index in range(1, 40):
        found = flow.backward(index)
        assert found is not None
        assert found.dtype == np.float32
        assert np.abs(found - _field(index, 0)).max() <= 1 / 128
        ahead = flow.forward(index - 1)
        assert ahead is not None
        assert np.abs(ahead - _field(index - 1, 1)).max() <= 1 / 128


def test_a_single_frame_has_no_flow(store: ArtifactStore) -> None:
    assert _write(store, 1).computed == 1
    flow = StoredFlow(store, "k")
    assert flow.backward(0) is None
    assert flow.forward(0) is None


def test_frames_of_one_pixel(store: ArtifactStore) -> None:
    field = np.full((1, 1, 2), 0.5, np.float32)
    write_flow(store, "k", lambda _: [(0, None, field), (1, field, None)], 2, (1, 1), {})
    np.testing.assert_array_equal(StoredFlow(store, "k").backward(1), field)


def test_long_motion_widens_the_step_of_its_frame_alone(store: ArtifactStore) -> None:
    pairs = list(_pairs(3))
    pairs[1] = (1, pairs[1][1] + 4000, pairs[1][2])
    write_flow(store, "k", lambda start: pairs[start:], 3, SIZE, {})
    flow = StoredFlow(store, "k")
    assert flow.metadata["largest_error"] == 1 / 16
    assert np.abs(flow.backward(1) - pairs[1][1]).max() <= 1 / 16
    assert np.abs(flow.forward(1) - pairs[1][2]).max() <= 1 / 128


def test_existing_flow_is_not_estimated_again(store: ArtifactStore) -> None:
    _write(store, 2)

    def never(start: int) -> Any:
        raise AssertionError("the flow is there")

    assert write_flow(store, "k", never, 2, SIZE, {}) == FlowWrite(0, 0, 0)


def test_an_error_keeps_whole_runs(any_store: ArtifactStore) -> None:
    asked: list[int] = []

    def failing(start: int) -> Iterator[tuple[int, Any, Any]]:
        asked.append(start)
        yield from (pair for pair in _pairs(40, start) if pair[0] < 37)
        raise RuntimeError("the estimator gave up")

    with pytest.raises(RuntimeError, match="gave up"):
        write_flow(any_store, "k", failing, 40, SIZE, {"of": "dis"})
    assert not any_store.exists(FLOW, "k")
    assert list(any_store.unfinished(FLOW)) == ["k"]
    done = _write(any_store, 40)
    assert (done.computed, done.kept) == (8, 32)
    assert any_store.unfinished(FLOW) == {}
    assert repair(any_store, FLOW, "k") == ""
    assert np.abs(StoredFlow(any_store, "k").backward(5) - _field(5, 0)).max() <= 1 / 128


def test_a_damaged_run_of_a_draft_is_not_kept(store: ArtifactStore) -> None:
    def failing(start: int) -> Iterator[tuple[int, Any, Any]]:
        yield from (pair for pair in _pairs(40, start) if pair[0] < 36)
        raise RuntimeError("the estimator gave up")

    with pytest.raises(RuntimeError):
        write_flow(store, "k", failing, 40, SIZE, {})
    [folder] = store.unfinished(FLOW)["k"]
    draft = Path(store.url) / folder / "arrays.zarr"
    shard = draft / "forward" / "c" / "1" / "0" / "0" / "0"
    shard.write_bytes(shard.read_bytes()[:-1])
    assert _write(store, 40).kept == 16
    assert repair(store, FLOW, "k") == ""


def _bad(case: str) -> list[tuple[int, Any, Any]]:
    pairs = list(_pairs(3))
    _, backward, forward = pairs[1]
    if case == "short":
        return pairs[:2]
    if case == "long":
        return [*pairs[:2], (2, _field(2, 0), None), (3, _field(3, 0), None)]
    changed = {
        "order": (2, backward, forward),
        "shape": (1, backward[1:], forward),
        "nan": (1, backward * np.nan, forward),
        "huge": (1, backward, forward * 1e6),
        "absent": (1, None, forward),
    }[case]
    return [pairs[0], changed, pairs[2]]


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("short", "got only 2 of 3 frames"),
        ("long", "got more than 3 frames"),
        ("order", "got frame 2, expected frame 1 of 3"),
        ("shape", "frame 1 has shape"),
        ("nan", "frame 1 reaches nan pixels"),
        ("huge", "must be finite and at most 16384"),
        ("absent", "frame 1 of 3 has no flow where a neighbour is"),
    ],
)
def test_wrong_flow_is_not_stored(store: ArtifactStore, case: str, words: str) -> None:
    with pytest.raises(IncompleteArtifactError, match=words):
        write_flow(store, "k", lambda start: _bad(case)[start:], 3, SIZE, {})
    assert not store.exists(FLOW, "k")
    if case != "long":
        assert _write(store, 3).kept == 0


def test_flow_where_there_is_no_neighbour(store: ArtifactStore) -> None:
    with pytest.raises(IncompleteArtifactError, match="has flow where a neighbour is not"):
        write_flow(store, "k", lambda _: [(0, _field(0, 0), None)], 1, SIZE, {})


def _shard(store: ArtifactStore, direction: str) -> Path:
    arrays = Path(store.location(FLOW, "k")) / "arrays.zarr"
    return arrays / direction / "c" / "0" / "0" / "0" / "0"


def _flip(data: bytes) -> bytes:
    changed = bytearray(data)
    changed[len(data) // 3] ^= 1
    return bytes(changed)


@pytest.mark.parametrize("case", ["flipped", "cut", "gone"])
def test_damage_is_found_and_repaired(store: ArtifactStore, case: str) -> None:
    _write(store, 3)
    shard = _shard(store, "forward")
    whole = shard.read_bytes()
    if case == "gone":
        shard.unlink()
    else:
        shard.write_bytes(_flip(whole) if case == "flipped" else whole[:-9])
    flow = StoredFlow(store, "k")
    with pytest.raises(CorruptArtifactError, match="of forward"):
        [flow.forward(index) for index in range(2)]
    wrong = repair(store, FLOW, "k")
    assert "forward/c/0/0/0/0 changed or missing" in wrong
    assert not store.exists(FLOW, "k")
    assert _write(store, 3).computed == 3
    assert shard.read_bytes() == whole
    assert repair(store, FLOW, "k") == ""


def test_a_damaged_marker_is_repaired(store: ArtifactStore) -> None:
    _write(store, 3)
    (Path(store.location(FLOW, "k")) / "complete.json").write_bytes(b"{")
    assert "cannot be read" in repair(store, FLOW, "k")
    assert not store.exists(FLOW, "k")


def test_addresses(store: ArtifactStore) -> None:
    _write(store, 3)
    with pytest.raises(IndexError):
        StoredFlow(store, "k").backward(3)
    with pytest.raises(MissingArtifactError):
        StoredFlow(store, "other")
    assert repair(store, FLOW, "other") == ""
