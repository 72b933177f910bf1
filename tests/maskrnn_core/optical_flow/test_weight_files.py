"""Safe reading of weights."""

import io
import pickle
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save as save_safetensors

from maskrnn_core.digest import weights_digest
from maskrnn_core.errors import IncompatibleWeightsError
from maskrnn_core.optical_flow.weight_files import checked_weights, read_weights

_WEIGHTS = {"b": torch.arange(6.0).view(2, 3), "a": torch.tensor([1.5])}


def _saved(content: object, *, zipped: bool = True) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream, _use_new_zipfile_serialization=zipped)
    return stream.getvalue()


_FILES: dict[str, Callable[[], bytes]] = {
    "zip": lambda: _saved(_WEIGHTS),
    "pickle": lambda: _saved(_WEIGHTS, zipped=False),
    "public": lambda: _saved(
        {"epoch": 3, "state_dict": _WEIGHTS, "best_EPE": np.float64(2.0)}, zipped=False
    ),
    "parallel": lambda: _saved({f"module.{k}": v for k, v in _WEIGHTS.items()}),
    "half": lambda: _saved({k: v.half() for k, v in _WEIGHTS.items()}),
    "safetensors": lambda: save_safetensors(_WEIGHTS),
}


@pytest.mark.parametrize("kind", list(_FILES))
def test_every_format_gives_the_same_weights(kind: str) -> None:
    weights = read_weights(io.BytesIO(_FILES[kind]()))
    assert weights.keys() == _WEIGHTS.keys()
    assert all(torch.equal(weights[name], _WEIGHTS[name]) for name in weights)
    assert weights_digest(weights) == weights_digest(_WEIGHTS)


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from(["zip", "pickle", "safetensors"]), share=st.floats(0, 0.95))
def test_a_file_cut_short_is_refused(kind: str, share: float) -> None:
    content = _FILES[kind]()
    with pytest.raises(IncompatibleWeightsError):
        read_weights(content[: int(len(content) * share)])


class _Bomb:
    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return exec, ("raise SystemExit",)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_checkpoint_is_not_run(zipped: bool) -> None:
    with pytest.raises(IncompatibleWeightsError, match="cannot be read safely"):
        read_weights(_saved({"state_dict": _Bomb()}, zipped=zipped))
    with pytest.raises(IncompatibleWeightsError, match="cannot be read safely"):
        read_weights(pickle.dumps(_Bomb()))


def test_what_is_no_state_dict_is_refused() -> None:
    with pytest.raises(IncompatibleWeightsError, match="no named weights"):
        read_weights(_saved([torch.zeros(1)]))
    with pytest.raises(IncompatibleWeightsError, match="no named weights"):
        read_weights(_saved({}))
    with pytest.raises(IncompatibleWeightsError, match="'epoch' in the weights is a int"):
        read_weights(_saved({"epoch": 3}))
    with pytest.raises(IncompatibleWeightsError, match="neither a torch checkpoint nor"):
        read_weights(b"a picture, say")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_values_that_are_not_finite_are_named(value: float) -> None:
    array = np.zeros((3, 4), np.float32)
    array[1, 2] = value
    with pytest.raises(IncompatibleWeightsError, match=r"conv\.bias has values"):
        checked_weights({"conv.weight": torch.zeros(2), "conv.bias": array})
