"""Weights of published flow networks: safe reading and checks."""

import io
import warnings
from collections.abc import Mapping
from typing import IO, Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor

from maskrnn_core.errors import IncompatibleWeightsError

_TORCH_STARTS = (b"PK", b"\x80")
"""First bytes of files of torch.save: a zip file, or a pickle before torch 1.6."""

_SCALAR = np.float64(0).__reduce__()[0]
_NUMPY_SCALARS: list[Any] = [
    (_SCALAR, "numpy.core.multiarray.scalar"),
    (_SCALAR, "numpy._core.multiarray.scalar"),
    np.dtype,
    np.dtypes.Float64DType,
    np.dtypes.Float32DType,
]
"""Type of the only value in public checkpoints that is no tensor: the best training error."""


def read_weights(source: bytes | IO[bytes]) -> dict[str, Tensor]:
    """Tensors by name from a torch checkpoint or a safetensors file, on the CPU in float32.

    A checkpoint is a state_dict, or a dictionary with a state_dict under "state_dict", like the
    public `.pth.tar` files. The prefix "module." of data-parallel training is removed. Code in a
    checkpoint is never run (`weights_only`).

    Args:
        source: the file's bytes, or an open binary file.

    Raises:
        IncompatibleWeightsError: the bytes are no such file, are truncated, contain anything but
            named tensors, or contain values that are not finite.
    """
    content = source if isinstance(source, bytes) else source.read()
    loaded = _read_torch(content) if content.startswith(_TORCH_STARTS) else _read_safe(content)
    if isinstance(loaded, Mapping) and isinstance(loaded.get("state_dict"), Mapping):
        loaded = loaded["state_dict"]
    if not isinstance(loaded, Mapping) or not loaded:
        raise IncompatibleWeightsError("the checkpoint has no named weights: give a state_dict")
    return checked_weights({str(k).removeprefix("module."): v for k, v in loaded.items()})


def checked_weights(weights: Mapping[str, object]) -> dict[str, Tensor]:
    """The weights as float32 CPU tensors; numpy arrays are also accepted.

    Raises:
        IncompatibleWeightsError: a value is not a tensor, or is not finite.
    """
    tensors: dict[str, Tensor] = {}
    for name, value in weights.items():
        tensor = torch.from_numpy(value) if isinstance(value, np.ndarray) else value
        if not isinstance(tensor, Tensor):
            raise IncompatibleWeightsError(
                f"{name!r} in the weights is a {type(value).__name__}, not a tensor: "
                "give a state_dict, or a checkpoint with one under 'state_dict'"
            )
        if tensor.is_floating_point():
            tensor = tensor.detach().to("cpu", torch.float32)
        # One sum finds NaN and infinity without a mask of the size of the array.
        if not torch.isfinite(tensor.sum(dtype=torch.float64)):
            raise IncompatibleWeightsError(
                f"{name} has values that are not finite: the file is damaged or its training "
                "diverged; fetch it again"
            )
        tensors[name] = tensor
    return tensors


def _read_torch(content: bytes) -> object:
    with warnings.catch_warnings(), torch.serialization.safe_globals(_NUMPY_SCALARS):
        warnings.simplefilter("ignore")  # old checkpoints contain deprecated storages
        try:
            return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        except Exception as error:  # damaged bytes raise nearly every type of error
            raise IncompatibleWeightsError(
                f"the checkpoint cannot be read safely ({type(error).__name__}): it is truncated "
                "or damaged, or contains more than tensors; fetch it again, or save only its "
                "state_dict"
            ) from error


def _read_safe(content: bytes) -> object:
    try:
        return load_safetensors(content)
    except SafetensorError as error:
        raise IncompatibleWeightsError(
            "the weights are neither a torch checkpoint nor a complete safetensors file "
            f"({error}): fetch the file again"
        ) from error
