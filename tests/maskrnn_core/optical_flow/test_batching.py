"""Batches of pairs: their size, and that they do not change the flow."""

import multiprocessing
import resource
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from maskrnn_core.compute import Compute
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow import batching
from maskrnn_core.optical_flow.batching import MOST_PAIRS, BatchedFlowEstimator, affordable_pairs
from maskrnn_core.optical_flow.estimator import FlowEstimator
from maskrnn_core.optical_flow.flownet2 import FlowNet2S, FlowNet2SD
from maskrnn_core.optical_flow.flownet2.estimator import FlowNet2Estimator
from maskrnn_core.optical_flow.flownet2.pairs import MULTIPLE
from maskrnn_core.optical_flow.registry import build_estimator
from maskrnn_core.optical_flow.streaming import reading_start, stream_flow
from maskrnn_core.video import FloatArray, UInt8Array

CPU = Compute(torch.device("cpu"), bfloat16=False)


class Sums:
    """Flow whose values encode its pair and its batch."""

    name = digest = "sums"

    def __init__(self, at_once: int) -> None:
        self.at_once = at_once
        self.batches: list[int] = []

    def estimate(self, frame1: UInt8Array, frame2: UInt8Array) -> FloatArray:
        raise NotImplementedError

    def estimate_both(
        self, frame1: UInt8Array, frame2: UInt8Array
    ) -> tuple[FloatArray, FloatArray]:
        raise NotImplementedError

    def pairs_at_once(self, size: tuple[int, int]) -> int:
        return self.at_once

    def estimate_neighbours(self, frames: list[UInt8Array]) -> list[tuple[FloatArray, FloatArray]]:
        values = [float(frame[0, 0, 0]) for frame in frames]
        self.batches.append(len(frames) - 1)
        return [
            (np.full((4, 6, 2), b - a, np.float32), np.full((4, 6, 2), a - b, np.float32))
            for a, b in pairwise(values)
        ]


def _frame(index: int) -> UInt8Array:
    return np.full((4, 6, 3), index**2, np.uint8)


def _values(estimator: FlowEstimator, frames: int, start: int = 0) -> list[tuple[object, ...]]:
    stream = stream_flow(estimator, _frame, frames, start)
    return [
        (index, *(None if flow is None else float(flow[0, 0, 0]) for flow in (back, there)))
        for index, back, there in stream
    ]


@pytest.mark.parametrize("at_once", [1, 2, 4, 8])
@pytest.mark.parametrize("frames", [1, 2, 8, 9, 14])
def test_batches_give_every_pair_once(at_once: int, frames: int) -> None:
    estimator = Sums(at_once)
    expected = [
        (
            i,
            None if i == 0 else float((i - 1) ** 2 - i**2),
            None if i == frames - 1 else float((i + 1) ** 2 - i**2),
        )
        for i in range(frames)
    ]
    assert _values(estimator, frames) == expected
    assert sum(estimator.batches) == frames - 1
    assert all(batch == at_once for batch in estimator.batches[:-1])


@pytest.mark.parametrize("start", range(14))
def test_a_stream_that_begins_later_has_the_same_batches(start: int) -> None:
    whole, later = Sums(4), Sums(4)
    assert _values(later, 14, start) == _values(whole, 14)[start:]
    assert later.batches == whole.batches[-len(later.batches) :]
    assert reading_start(later, start) % MOST_PAIRS == 0


def test_methods_without_batches_begin_with_the_frame_before() -> None:
    dis = build_estimator("dis")
    assert not isinstance(dis, BatchedFlowEstimator)
    assert [reading_start(dis, start) for start in (0, 1, 13)] == [0, 0, 12]


def test_batches_halve_until_they_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "_CPU_BYTES", 1000)
    found = [affordable_pairs(each, CPU.device) for each in (1, 125, 126, 250, 251, 501, 1e9)]
    assert found == [8, 8, 4, 4, 2, 1, 1]


def test_a_network_gives_the_same_flow_in_a_batch() -> None:
    torch.manual_seed(0)
    estimator = FlowNet2Estimator(FlowNet2S(), CPU)
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (60, 70, 3), dtype=np.uint8) for _ in range(4)]
    together = estimator.estimate_neighbours(frames)
    assert isinstance(estimator, BatchedFlowEstimator)
    for (there, back), one, other in zip(together, frames, frames[1:], strict=False):
        alone = estimator.estimate_both(one, other)
        np.testing.assert_allclose(there, alone[0], rtol=0, atol=1e-4)
        np.testing.assert_allclose(back, alone[1], rtol=0, atol=1e-4)
    with pytest.raises(InvalidInputError, match="two frames or more, not 1"):
        estimator.estimate_neighbours(frames[:1])


def _fits(pairs: int, share: float) -> bool:
    """Whether a network runs with a share of its projected memory as address space."""
    torch.set_num_threads(1)
    with torch.device("meta"):
        network = FlowNet2SD().eval().requires_grad_(False).to(memory_format=torch.channels_last)
    network.to_empty(device="cpu")
    for weights in network.parameters():
        weights.fill_(0.01)
    with torch.inference_mode():
        network.both(*torch.zeros(2, 1, 3, MULTIPLE, MULTIPLE))  # its libraries are loaded now
    size = (4 * MULTIPLE, 6 * MULTIPLE)
    frames = torch.zeros(2, pairs, 3, *size)
    projected = network.bytes_per_pixel * pairs * size[0] * size[1]
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + int(share * projected),) * 2)
    try:
        with torch.inference_mode():
            network.both(*frames)
    except RuntimeError as error:
        if "memory" not in str(error):
            raise
        return False
    return True


@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space as Linux does")
@pytest.mark.parametrize(("share", "enough"), [(0.5, False), (1.25, True)])
def test_a_network_fits_its_projected_memory(share: float, enough: bool) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_fits, (4, share)) is enough
