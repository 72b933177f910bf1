"""Finds the weights of flow networks. This package contains none."""

import os
from collections.abc import Sequence
from pathlib import Path

from maskrnn_core.optical_flow.registry import estimator_entry

WEIGHTS_FOLDER = "MASKRNN_WEIGHTS"
"""Environment variable: the folder that is searched first."""

_SUFFIXES = (".safetensors", ".pth.tar", ".pth", ".pt")


def weight_folders() -> list[Path]:
    """Return the folders in search order; torch's cache holds torchvision's weights."""
    home = Path.home()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    torch_home = Path(os.environ.get("TORCH_HOME") or cache / "torch")
    asked = os.environ.get(WEIGHTS_FOLDER)
    return [
        *([Path(asked).expanduser()] if asked else []),
        cache / "maskrnn" / "weights",
        torch_home / "hub" / "checkpoints",
    ]


def find_weights(name: str) -> Path | None:
    """The first file with weights for a flow network; None when there is none.

    The file has the name of the estimator, or the name under which the weights were published.
    """
    stems = (name, *(estimator_entry(name).weight_files or ()))
    return first_file([f"{stem}{suffix}" for stem in stems for suffix in _SUFFIXES])


def first_file(names: Sequence[str]) -> Path | None:
    """The first file of one of these names in the weight folders; None when there is none."""
    for folder in weight_folders():
        for name in names:
            if (folder / name).is_file():
                return folder / name
    return None


def own_weights_folder() -> Path:
    """Where weights that MaskRNN gets are put: the first folder that is looked into."""
    return weight_folders()[0]
