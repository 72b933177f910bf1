"""Options of the synthetic data set."""

from dataclasses import dataclass

from maskrnn_core.errors import InvalidInputError


@dataclass(frozen=True)
class SyntheticOptions:
    """Textured non-rigid objects over a moving background, with exact flow.

    Distances are relative to the frame's short side, so that another size shows the same scene.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  (read by pydantic)

    size: tuple[int, int] = (128, 224)
    """Height and width of the frames, pixels; each at least 32, the width 10 per object."""
    videos_train: int = 24
    videos_val: int = 4
    frames_train: int = 16
    frames_val: int = 32
    object_counts: tuple[int, ...] = (1, 2, 2, 3)
    """Objects per video; video i takes entry i modulo the length."""
    seed: int = 0
    speed: float = 0.016
    """Mean speed of an object, short sides per frame (0.016 is 2 px at 128)."""
    camera_speed: float = 0.01
    """Mean speed of the camera's pan, short sides per frame."""
    deformation: float = 1.0
    """Strength of bending, breathing and scale change; 0 is rigid."""
    noise: float = 3.0
    """Standard deviation of the noise of the camera, grey levels."""
    lighting: float = 0.08
    """Largest relative change of brightness over a video."""

    def __post_init__(self) -> None:
        """Raise InvalidInputError for what cannot be drawn."""
        if min(self.size) < 32:
            raise InvalidInputError(f"synthetic size {self.size}: each side must be at least 32")
        if min(self.frames_train, self.frames_val) < 1:
            raise InvalidInputError("synthetic videos need at least one frame")
        if min(self.videos_train, self.videos_val) < 0:
            raise InvalidInputError("the number of synthetic videos cannot be negative")
        if not self.object_counts or not all(1 <= n <= 6 for n in self.object_counts):
            raise InvalidInputError(
                f"object_counts {self.object_counts}: give one or more counts of 1 to 6"
            )
        if self.size[1] < 10 * max(self.object_counts):
            raise InvalidInputError(
                f"synthetic size {self.size} has no room for {max(self.object_counts)} objects:"
                " the width must be at least 10 per object"
            )
        if self.seed < 0:
            raise InvalidInputError(f"the synthetic seed {self.seed} must not be negative")
        ranges = (self.speed, self.camera_speed, self.deformation, self.noise, self.lighting)
        if not all(0 <= value < 100 for value in ranges) or self.lighting >= 1:
            raise InvalidInputError(
                "speed, camera_speed, deformation, noise and lighting must not be negative,"
                " and lighting must be below 1"
            )
