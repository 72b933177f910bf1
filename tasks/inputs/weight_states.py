"""Reads files of weights in the formats in which torch and torchvision publish them."""

from typing import Any

from tasks.errors import ParameterError


def read_state(file: str) -> Any:
    """Return the state_dict in a .safetensors file, or in one that torch.save wrote.

    Raises:
        ParameterError: it holds no readable weights.
    """
    try:
        if file.endswith(".safetensors"):
            from safetensors.torch import load_file

            return load_file(file)
        import torch

        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # each format raises its own errors
        raise ParameterError(
            f"{file} holds no readable weights ({type(error).__name__}: {error}); give "
            "a state_dict saved by torch.save, or a .safetensors file"
        ) from None
