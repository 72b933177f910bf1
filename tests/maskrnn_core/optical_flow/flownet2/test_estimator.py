"""FlowNet2 as an estimator."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from maskrnn_core.compute import Compute
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow.estimator import FlowEstimator
from maskrnn_core.optical_flow.flownet2 import FlowNetwork
from maskrnn_core.optical_flow.flownet2.estimator import FlowNet2Estimator
from maskrnn_core.optical_flow.flownet2.pairs import FramePairs
from maskrnn_core.video import UInt8Array

_CPU = torch.device("cpu")


class Tiny(FlowNetwork):
    """One convolution in place of a network."""

    def __init__(self, seed: int, *, align_corners: bool = False) -> None:
        super().__init__()
        self._configure(align_corners, "clamp")
        torch.manual_seed(seed)
        self.layer = nn.Conv2d(6, 2, 3, padding=1)

    def flow(self, pairs: FramePairs) -> Tensor:
        frames = torch.cat((pairs.first, pairs.second), 1).to(self.layer.weight.dtype)
        result: Tensor = self.layer(frames)
        return result.float()


@pytest.fixture(scope="module")
def estimator() -> FlowEstimator:
    return FlowNet2Estimator(Tiny(1), Compute(_CPU, bfloat16=False))


def _frames(height: int, width: int) -> tuple[UInt8Array, UInt8Array]:
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return frame, np.roll(frame, 2, 1)


def test_both_directions_equal_two_estimates(estimator: FlowEstimator) -> None:
    first, second = _frames(50, 70)
    forward, backward = estimator.estimate_both(first, second)
    assert forward.shape == backward.shape == (50, 70, 2)
    assert forward.dtype == np.float32
    assert forward.flags.c_contiguous
    np.testing.assert_allclose(forward, estimator.estimate(first, second), atol=1e-4)
    np.testing.assert_allclose(backward, estimator.estimate(second, first), atol=1e-4)


def test_the_digest_knows_weights_options_and_precision(estimator: FlowEstimator) -> None:
    assert estimator.name == "tiny"
    plain = Compute(_CPU, bfloat16=False)
    same = FlowNet2Estimator(Tiny(1), plain)
    assert same.digest == estimator.digest
    others = [
        FlowNet2Estimator(Tiny(2), plain).digest,
        FlowNet2Estimator(Tiny(1, align_corners=True), plain).digest,
        FlowNet2Estimator(Tiny(1), Compute(_CPU, bfloat16=True)).digest,
    ]
    assert len({estimator.digest, *others}) == 4


def test_read_only_frames_are_taken(estimator: FlowEstimator) -> None:
    first, second = _frames(64, 64)
    first.flags.writeable = False
    assert np.isfinite(estimator.estimate(first, second)).all()


def test_frames_of_two_sizes_are_refused(estimator: FlowEstimator) -> None:
    with pytest.raises(InvalidInputError, match="one size"):
        estimator.estimate_both(_frames(50, 70)[0], _frames(50, 71)[0])
