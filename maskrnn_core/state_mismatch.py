"""Describes where given weights differ from the weights of a network."""

from collections.abc import Iterable, Mapping
from typing import Protocol


class Shaped(Protocol):
    """A tensor or an array."""

    @property
    def shape(self) -> Iterable[int]: ...


def state_mismatches(own: Mapping[str, Shaped], given: Mapping[str, Shaped]) -> list[str]:
    """One entry per key that is missing, unknown or of another shape; empty if all fit."""
    problems = [f"{name} is missing" for name in own if name not in given]
    problems += [f"{name} is unknown" for name in given if name not in own]
    problems += [
        f"{name} has shape {tuple(given[name].shape)}, not {tuple(value.shape)}"
        for name, value in own.items()
        if name in given and tuple(given[name].shape) != tuple(value.shape)
    ]
    return problems
