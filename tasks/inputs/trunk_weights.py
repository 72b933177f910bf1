"""VGG-16 trunks that training can start from, by name. None come with this package."""

from collections.abc import Mapping
from pathlib import Path

from tasks.errors import ParameterError
from tasks.inputs.flow_weights import first_file

VGG16, VGG16_HED = "vgg16", "vgg16-hed"

TRUNK_FILES: Mapping[str, tuple[str, ...]] = {
    VGG16: ("vgg16.safetensors", "vgg16.pth", "vgg16-397923af.pth"),
    VGG16_HED: ("vgg16-hed.safetensors",),
}
"""Names of files per trunk: the trunk's own name, or that under which torchvision caches it."""


def find_trunk(name: str) -> Path | None:
    """The first file with the weights of a trunk; None when there is none."""
    return first_file(TRUNK_FILES[name])


def trunk_file(name: str) -> Path:
    """The file with the weights of a trunk.

    Raises:
        ParameterError: there is none; names the command that gets it.
    """
    file = find_trunk(name)
    if file is None:
        raise ParameterError(
            f"the weights {name} are not on this machine: get them with "
            f"`maskrnn weights get {name}`, or give a file to --initial-weights"
        )
    return file
