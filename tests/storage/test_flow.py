"""Flow at rest: exact to float16, complete or absent."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage.artifacts import ArtifactStore
from storage.errors import CorruptArtifactError, IncompleteArtifactError, MissingArtifactError
from storage.flow import FLOW, StoredFlow, write_flow

SIZE = (6, 9)


def _field(index: int, direction: int) -> Any:
    noise = np.random.default_rng([index, direction])
    return (noise.normal(size=(*SIZE, 2)) * 20).astype(np.float32)


def _pairs(count: int) -> Iterator[tuple[int, Any, Any]]:
    for index in range(count):
        backward = _field(index, 0) if index else None
        forward = _field(index, 1) if index < count - 1 else None
        yield index, backward, forward


def test_round_trip(any_store: ArtifactStore) -> None:
    write_flow(any_store, "k", _pairs(4), 4, SIZE, {"estimator": "dis"})
    flow = StoredFlow(any_store, "k")
    assert (flow.frame_count, flow.size) == (4, SIZE)
    assert flow.metadata["estimator"] == "dis"
    assert flow.backward(0) is None
    assert flow.forward(3) is None
    for index in range(1, 4):
        found = flow.backward(index)
        assert found is not None
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, _field(index, 0).astype(np.float16))
        np.testing.assert_allclose(found, _field(index, 0), rtol=2**-11)
    np.testing.assert_array_equal(flow.forward(0), _field(0, 1).astype(np.float16))


def test_a_single_frame_has_no_flow(store: ArtifactStore) -> None:
    write_flow(store, "k", _pairs(1), 1, SIZE, {})
    flow = StoredFlow(store, "k")
    assert flow.backward(0) is None
    assert flow.forward(0) is None


def test_existing_flow_is_not_estimated_again(store: ArtifactStore) -> None:
    write_flow(store, "k", _pairs(2), 2, SIZE, {})
    untouched = _pairs(2)
    write_flow(store, "k", untouched, 2, SIZE, {})
    assert next(untouched)[0] == 0


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
        ("short", "2 of 3 frames came"),
        ("long", "frame 3 came where 3 of 3 was due"),
        ("order", "frame 2 came where 1 of 3 was due"),
        ("shape", "frame 1 has shape"),
        ("nan", "frame 1 reaches nan pixels"),
        ("huge", "must be finite and below 65504"),
        ("absent", "frame 1 of 3 has no flow where a neighbour is"),
    ],
)
def test_wrong_flow_is_not_stored(store: ArtifactStore, case: str, words: str) -> None:
    with pytest.raises(IncompleteArtifactError, match=words):
        write_flow(store, "k", _bad(case), 3, SIZE, {})
    assert not store.exists(FLOW, "k")
    assert store.sweep_staging(0) == []


def test_flow_where_there_is_no_neighbour(store: ArtifactStore) -> None:
    with pytest.raises(IncompleteArtifactError, match="has flow where a neighbour is not"):
        write_flow(store, "k", [(0, _field(0, 0), None)], 1, SIZE, {})


def test_damage(store: ArtifactStore) -> None:
    write_flow(store, "k", _pairs(3), 3, SIZE, {})
    arrays = Path(store.location(FLOW, "k")) / "arrays.zarr"
    path = arrays / "forward" / "c" / "1" / "0" / "0" / "0"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(CorruptArtifactError, match="chunk 1 of forward"):
        StoredFlow(store, "k").forward(1)
    (arrays / "backward" / "c" / "2" / "0" / "0" / "0").unlink()
    with pytest.raises(CorruptArtifactError, match="chunk 2 of backward is missing"):
        StoredFlow(store, "k").backward(2)
    with pytest.raises(IndexError):
        StoredFlow(store, "k").backward(3)
    with pytest.raises(MissingArtifactError):
        StoredFlow(store, "other")
