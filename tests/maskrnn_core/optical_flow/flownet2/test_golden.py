"""Every network gives the outputs of the public definitions, for weights made by a rule."""

import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from maskrnn_core.optical_flow.flownet2.checkpoint import flownet2_from_weights
from maskrnn_core.optical_flow.flownet2.network import FlowNetwork
from maskrnn_core.optical_flow.flownet2.stacks import FlowNet2
from maskrnn_core.optical_flow.flownet2.variants import VARIANTS, weight_shapes

_GOLDEN = Path(__file__).resolve().parents[4].parent / "shared" / "golden" / "flownet2"
_PAIRS = ("blackswan_64x128", "drift_128x192")
_FLOW_TOLERANCE = 1e-3

pytestmark = [
    pytest.mark.timeout(240),  # the rule draws up to 160 million numbers
    pytest.mark.shared,
    pytest.mark.skipif(
        not _GOLDEN.is_dir(), reason="the golden data of FlowNet2 is not beside the project"
    ),
]


def _json(name: str) -> Any:
    return json.loads((_GOLDEN / name).read_text())


def _array(key: str, shape: tuple[int, ...], rule: Any) -> Tensor:
    gains = rule["gains"]
    seed = zlib.crc32(f"{rule['salt']}:{key}".encode("ascii"))
    # The rule is defined by the legacy generator.
    uniform = 2 * np.random.RandomState(seed).random_sample(shape) - 1
    if key.endswith(".bias"):
        return torch.from_numpy((uniform * gains["bias"]).astype(np.float32))
    transposed = "deconv" in key or "upsampled_flow" in key
    fan_in = shape[2] * shape[3] * (shape[0] / 4 if transposed else shape[1])
    gain = next((value for part, value in gains["rules"] if part in key), gains["default"])
    return torch.from_numpy((uniform * (gain * np.sqrt(3 / fan_in))).astype(np.float32))


@pytest.fixture(scope="module")
def weights() -> Iterator[Callable[[str], dict[str, Tensor]]]:
    """Weights of a variant; those of the stacks are parts of one set, made once."""
    rule, keys = _json("rule.json"), _json("state_dict_keys.json")
    made: dict[str, Tensor] = {}

    def make(variant: str) -> dict[str, Tensor]:
        shapes = {key: tuple(shape) for key, shape in keys[variant].items()}
        if variant in ("FlowNet2C", "FlowNet2S", "FlowNet2SD"):
            return {key: _array(key, shape, rule) for key, shape in shapes.items()}
        for key, shape in shapes.items():
            if key not in made:
                made[key] = _array(key, shape, rule)
        return {key: made[key] for key in shapes}

    yield make
    made.clear()


def _frames(pair: str) -> tuple[Tensor, Tensor]:
    first, second = (
        np.asarray(cv2.imread(str(_GOLDEN / "inputs" / f"{pair}_img{index}.png")))
        for index in (0, 1)
    )
    return _tensor(first), _tensor(second)


def _tensor(bgr: np.ndarray[Any, Any]) -> Tensor:
    return torch.from_numpy(bgr[..., ::-1].copy()).permute(2, 0, 1)[None].float()


def _expected(pair: str) -> dict[str, Tensor]:
    with np.load(_GOLDEN / "expected" / f"{pair}.npz") as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in arrays}


def _error(result: Tensor, expected: Tensor) -> float:
    return float((result - expected).abs().max())


def _keep(
    network: FlowNet2, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, Tensor], list[Tensor]]:
    """Predictions of the sub-networks, and the input of the fusion network."""
    predicted: dict[str, Tensor] = {}
    for name in ("flownetc", "flownets_1", "flownets_2", "flownets_d"):
        module: Any = getattr(network, name)

        def predict(inputs: Any, name: str = name, original: Any = module.predict) -> Tensor:
            predicted[name] = original(inputs)
            return predicted[name]

        monkeypatch.setattr(module, "predict", predict)
    fused: list[Tensor] = []
    network.flownetfusion.register_forward_pre_hook(lambda _, inputs: fused.append(inputs[0]))
    return predicted, fused


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_keys_and_shapes_are_the_public_ones(variant: str) -> None:
    public = _json("state_dict_keys.json")[variant]
    assert weight_shapes(variant, False) == {key: tuple(shape) for key, shape in public.items()}


def test_the_rule_gives_the_right_weights(weights: Callable[[str], dict[str, Tensor]]) -> None:
    check = _json("weights_check.json")["FlowNet2C"]
    for key, value in weights("FlowNet2C").items():
        assert zlib.crc32(value.numpy().tobytes()) == check[key]["crc32"], key


@pytest.mark.parametrize(
    "variant", ["FlowNet2C", "FlowNet2S", "FlowNet2SD", "FlowNet2CS", "FlowNet2CSS"]
)
def test_flow_matches_golden_data(
    variant: str, weights: Callable[[str], dict[str, Tensor]]
) -> None:
    network: FlowNetwork = flownet2_from_weights(weights(variant), variant=variant)
    with torch.inference_mode():
        for pair in _PAIRS:
            flow = network(*_frames(pair))[0]
            assert _error(flow, _expected(pair)[f"{variant}_flow"]) < _FLOW_TOLERANCE


def test_flownet2_matches_golden_data(
    weights: Callable[[str], dict[str, Tensor]], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = flownet2_from_weights(weights("FlowNet2"), variant="FlowNet2")
    assert isinstance(network, FlowNet2)
    predicted, fused = _keep(network, monkeypatch)
    with torch.inference_mode():
        for pair in _PAIRS:
            expected = _expected(pair)
            flow = network(*_frames(pair))[0]
            assert _error(flow, expected["FlowNet2_flow"]) < _FLOW_TOLERANCE
            for name, prediction in predicted.items():
                tolerance = 2e-3 if name == "flownets_d" else 1e-4
                assert _error(prediction[0], expected[f"FlowNet2_{name}_flow2"]) < tolerance
            coarse = fused[-1][0, :, ::4, ::4]
            assert _error(coarse, expected["FlowNet2_fusion_in_s4"]) < 1e-3
        pair = "blackswan_64x128"
        expected = _expected(pair)
        forward, backward = network.both(*_frames(pair))
        assert _error(forward[0], expected["FlowNet2_flow"]) < _FLOW_TOLERANCE
        assert _error(backward[0], expected["FlowNet2_flow_backward"]) < _FLOW_TOLERANCE
        network.align_corners = True
        flow = network(*_frames(pair))[0]
        wanted = expected["FlowNet2_flow_align_corners_true"]
        assert _error(flow, wanted) < _FLOW_TOLERANCE
        network.align_corners = False
        rough = network.to(torch.bfloat16)(*_frames(pair))[0]
        distance = (rough - expected["FlowNet2_flow"]).norm(dim=0)
        assert distance.mean() < 0.05
        assert distance.max() < 0.25
