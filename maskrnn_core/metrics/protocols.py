"""Which frames and pixels count, and how predictions are assigned to objects."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from maskrnn_core.errors import InvalidInputError


@dataclass(frozen=True)
class Protocol:
    """Rules of one benchmark."""

    name: str
    skip_ends: bool
    """Leave out the first and the last frame of every video."""
    binary: bool = False
    """All labels except 0 are one object, in annotation and prediction (255 too)."""
    ignore_void: bool = False
    """Pixels that are 255 in the annotation are ignored; otherwise they are background."""
    matched: bool = False
    """Predictions use their own labels; the Hungarian method assigns them to objects."""
    average: Literal["objects", "frames"] = "objects"
    """The items that have equal weight in the figures of the data set."""


PROTOCOLS: Mapping[str, Protocol] = MappingProxyType(
    {
        protocol.name: protocol
        for protocol in (
            Protocol("davis2016", skip_ends=True, binary=True),
            Protocol("davis2017-semi-supervised", skip_ends=True),
            Protocol("davis2017-unsupervised", skip_ends=False, ignore_void=True, matched=True),
            # mean IoU over all frames of every object, every object with the same weight
            Protocol("segtrack2", skip_ends=False, ignore_void=True),
            # mean IoU over all frames of all objects
            Protocol("paper", skip_ends=False, ignore_void=True, average="frames"),
        )
    }
)


def protocol(name: str) -> Protocol:
    """The protocol of that name.

    Raises:
        InvalidInputError: the name is unknown; the message lists the known ones.
    """
    try:
        return PROTOCOLS[name]
    except KeyError:
        raise InvalidInputError(
            f"unknown evaluation protocol {name!r}; choose one of {', '.join(PROTOCOLS)}"
        ) from None
