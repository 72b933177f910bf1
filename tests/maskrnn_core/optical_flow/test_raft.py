"""RAFT as an estimator, with random weights."""

import io
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.models import optical_flow as models

from maskrnn_core.compute import Compute
from maskrnn_core.errors import IncompatibleWeightsError, InvalidInputError
from maskrnn_core.optical_flow.raft import RAFT
from maskrnn_core.optical_flow.registry import build_estimator
from maskrnn_core.options import ComputeOptions
from maskrnn_core.video import UInt8Array

_CPU = Compute(torch.device("cpu"), bfloat16=False)


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    torch.manual_seed(0)
    state: dict[str, Tensor] = models.raft_small().state_dict()
    return state


@pytest.fixture(scope="module")
def estimator(weights: dict[str, Tensor]) -> RAFT:
    return RAFT("small", weights, _CPU, updates=2)


def _frames(height: int, width: int) -> tuple[UInt8Array, UInt8Array]:
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return frame, np.roll(frame, 2, 1)


def test_both_directions_equal_two_estimates(estimator: RAFT) -> None:
    first, second = _frames(60, 120)
    forward, backward = estimator.estimate_both(first, second)
    assert forward.shape == (60, 120, 2)
    assert forward.dtype == np.float32
    np.testing.assert_allclose(forward, estimator.estimate(first, second), atol=1e-3)
    np.testing.assert_allclose(backward, estimator.estimate(second, first), atol=1e-3)


def test_flow_equals_torchvisions_own(weights: dict[str, Tensor], estimator: RAFT) -> None:
    first, second = _frames(128, 128)
    network = models.raft_small().eval()
    network.load_state_dict(weights)
    images = [
        torch.from_numpy(frame).permute(2, 0, 1)[None] / 127.5 - 1 for frame in (first, second)
    ]
    with torch.inference_mode():
        wanted = network(*images, num_flow_updates=2)[-1][0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(estimator.estimate(first, second), wanted, atol=1e-3)


def test_no_frame_is_encoded_twice(estimator: RAFT, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder: Any = estimator._network.feature_encoder.encoder
    encode = encoder.forward
    seen: list[int] = []

    def counting(frames: Tensor) -> Tensor:
        seen.append(len(frames))
        result: Tensor = encode(frames)
        return result

    monkeypatch.setattr(encoder, "forward", counting)
    estimator.estimate_both(*_frames(128, 128))
    assert seen == [2]


def test_the_digest_knows_weights_and_updates(weights: dict[str, Tensor], estimator: RAFT) -> None:
    assert estimator.name == "raft-small"
    assert RAFT("small", weights, _CPU, updates=2).digest == estimator.digest
    changed = {**weights, "context_encoder.conv.bias": weights["context_encoder.conv.bias"] + 1}
    others = {
        RAFT("small", weights, _CPU, updates=3).digest,
        RAFT("small", changed, _CPU, updates=2).digest,
    }
    assert len({estimator.digest, *others}) == 3


def test_bad_weights_and_options_are_refused(weights: dict[str, Tensor]) -> None:
    with pytest.raises(IncompatibleWeightsError, match="do not fit RAFT large"):
        RAFT("large", weights, _CPU)
    broken = {**weights, "context_encoder.conv.bias": torch.full((160,), float("inf"))}
    with pytest.raises(IncompatibleWeightsError, match="not finite"):
        RAFT("small", broken, _CPU)
    with pytest.raises(InvalidInputError, match="1 update"):
        RAFT("small", weights, _CPU, updates=0)
    wrong: Any = "huge"
    with pytest.raises(InvalidInputError, match="unknown RAFT size 'huge'"):
        RAFT(wrong, weights, _CPU)


def test_published_weights_come_through_torchvision(
    weights: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    def published(self: object, **_: object) -> dict[str, Tensor]:
        return weights

    monkeypatch.setattr(models.Raft_Small_Weights, "get_state_dict", published)
    assert RAFT.pretrained("small", _CPU).digest == RAFT("small", weights, _CPU).digest


def test_estimators_by_name_take_bytes(weights: dict[str, Tensor]) -> None:
    stream = io.BytesIO()
    torch.save(weights, stream)
    built = build_estimator("raft-small", stream.getvalue(), ComputeOptions(device="cpu"))
    assert built.name == "raft-small"
    with pytest.raises(InvalidInputError, match="unknown flow estimator 'pwc'"):
        build_estimator("pwc", b"")
    with pytest.raises(InvalidInputError, match="FlowNet2S needs weights"):
        build_estimator("flownet2s")
