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
    """Predictions carry labels of their own, assigned to objects by the Hungarian method."""
    listed_objects: bool = False
    """Objects are those that the data set lists; otherwise 1 to the largest label of the first
    annotation, as DAVIS counts them."""
    from_appearance: bool = False
    """Objects are all ids that occur; each counts after the frame in which it first appears."""
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
            Protocol("segtrack2", skip_ends=False, ignore_void=True, listed_objects=True),
            # an object's first mask is given; what comes after it is evaluated
            Protocol(
                "youtube-vos",
                skip_ends=False,
                ignore_void=True,
                listed_objects=True,
                from_appearance=True,
            ),
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
