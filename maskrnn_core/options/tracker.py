"""Names a tracker of another package with its options, as a part of a preset."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class TrackerChoice:
    """What is known of a tracker before a worker builds it."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  (read by pydantic)

    name: str
    """Of its entry point."""
    digest: str
    """What it says about itself: everything that changes its result but the options."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of its constructor by name, defaults included."""
    package: str = ""
    """Distribution and version, for the metadata of results."""

    @property
    def identity(self) -> list[Any]:
        """What goes into the key of a result."""
        return [self.digest, dict(self.options)]
