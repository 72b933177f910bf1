"""Options of the guidance by object instances."""

from dataclasses import dataclass

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.options.strict import STRICT


@dataclass(frozen=True)
class InstanceOptions:
    """A detector finds the instances of known categories in every frame. Those that fit an object
    guide its network (Maninis et al., "Video Object Segmentation Without Temporal Information",
    2018, OSVOS-S).
    """

    __pydantic_config__ = STRICT

    weight: float = 2.0
    """Evidence for pixels of the instances, and against all others, in log odds."""
    least_score: float = 0.5
    """Instances of which the detector is less sure are left out."""
    least_overlap: float = 0.5
    """An instance belongs to an object if so much of it lies in the object's mask; all of them
    together guide where their overlap with it (intersection over union) is as large."""
    short_side: int = 800
    """Pixels of the frame's short side as the detector sees it; 800 as it was trained."""

    def __post_init__(self) -> None:
        """Raise InvalidInputError for what no detector can mean."""
        for name, share in (
            ("least_score", self.least_score),
            ("least_overlap", self.least_overlap),
        ):
            if not 0 < share <= 1:
                raise InvalidInputError(f"{name}={share}: give a share above 0, at most 1")
        if self.short_side < 32:
            raise InvalidInputError(
                f"short_side={self.short_side}: the detector needs 32 pixels or more"
            )
