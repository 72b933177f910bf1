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
"""First bytes of what torch.save writes: a zip file, or a pickle before torch 1.6."""

_SCALAR = np.float64(0).__reduce__()[0]
_NUMPY_SCALARS: list[Any] = [
    (_SCALAR, "numpy.core.multiarray.scalar"),
    (_SCALAR, "numpy._core.multiarray.scalar"),
    np.dtype,
    np.dtypes.Float64DType,
    np.dtypes.Float32DType,
]
"""What the public checkpoints hold beside tensors: the best error of their training."""


def read_weights(source: bytes | IO[bytes]) -> dict[str, Tensor]:
    """Tensors by name from a torch checkpoint or a safetensors file, on the CPU in float32.

    A checkpoint is a state_dict, or a dictionary with one under "state_dict" (as the public
    `.pth.tar` files are); the prefix "module." of data-parallel training is taken off. No code
    in a checkpoint is ever run (`weights_only`).

    Args:
        source: the file's bytes, or an open binary file.

    Raises:
        IncompatibleWeightsError: the bytes are no such file, are cut short, hold anything but
            named tensors, or hold values that are not finite.
    """
    content = source if isinstance(source, bytes) else source.read()
    loaded = _read_torch(content) if content.startswith(_TORCH_STARTS) else _read_safe(content)
    if isinstance(loaded, Mapping) and isinstance(loaded.get("state_dict"), Mapping):
        loaded = loaded["state_dict"]
    if not isinstance(loaded, Mapping) or not loaded:
        raise IncompatibleWeightsError("the checkpoint holds no named weights: give a state_dict")
    return checked_weights({str(k).removeprefix("module."): v for k, v in loaded.items()})


def checked_weights(weights: Mapping[str, object]) -> dict[str, Tensor]:
    """The same weights as float32 CPU tensors; numpy arrays are taken too.

    Raises:
        IncompatibleWeightsError: for a value that is no tensor, or is not finite.
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
        # One sum finds NaN and infinity without a mask of the array's size.
        if not torch.isfinite(tensor.sum(dtype=torch.float64)):
            raise IncompatibleWeightsError(
                f"{name} holds values that are not finite: the file is damaged or its training "
                "diverged; fetch it again"
            )
        tensors[name] = tensor
    return tensors


def _read_torch(content: bytes) -> object:
    with warnings.catch_warnings(), torch.serialization.safe_globals(_NUMPY_SCALARS):
        warnings.simplefilter("ignore")  # deprecated storages inside old checkpoints
        try:
            return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        except Exception as error:  # damaged bytes end in nearly every type of error
            raise IncompatibleWeightsError(
                f"the checkpoint cannot be read safely ({type(error).__name__}): it is cut short "
                "or damaged, or holds more than tensors; fetch it again, or save its state_dict "
                "alone"
            ) from error


def _read_safe(content: bytes) -> object:
    try:
        return load_safetensors(content)
    except SafetensorError as error:
        raise IncompatibleWeightsError(
            f"the weights are neither a torch checkpoint nor a whole safetensors file ({error}): "
            "fetch the file again"
        ) from error
