"""Where the weights of flow networks are looked for. None come with this package."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

WEIGHTS_FOLDER = "MASKRNN_WEIGHTS"
"""Environment: the folder that is looked into first."""

_SUFFIXES = (".safetensors", ".pth.tar", ".pth", ".pt")

_PUBLIC: dict[str, tuple[str, ...]] = {
    "flownet2": ("FlowNet2_checkpoint",),
    "flownet2c": ("FlowNet2-C_checkpoint",),
    "flownet2cs": ("FlowNet2-CS_checkpoint",),
    "flownet2css": ("FlowNet2-CSS_checkpoint", "FlowNet2-CSS-ft-sd_checkpoint"),
    "flownet2s": ("FlowNet2-S_checkpoint",),
    "flownet2sd": ("FlowNet2-SD_checkpoint",),
    "raft-small": ("raft_small_C_T_V2-01064c6d",),
    "raft-large": ("raft_large_C_T_SKHT_V2-ff5fadd5",),
}

WEIGHT_FILES: Mapping[str, tuple[str, ...]] = {
    name: tuple(f"{stem}{suffix}" for stem in (name, *public) for suffix in _SUFFIXES)
    for name, public in _PUBLIC.items()
}
"""Names of files per network: the estimator's own name, or that under which it was published."""


def weight_folders() -> list[Path]:
    """Folders in the order in which they are looked into; torch's cache holds torchvision's."""
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
    """The first file with weights for a flow network; None when there is none."""
    return first_file(WEIGHT_FILES[name])


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
