"""Options of how training varies its samples."""

from dataclasses import dataclass

from maskrnn_core.digest import later
from maskrnn_core.options.strict import STRICT


@dataclass(frozen=True)
class AugmentationOptions:
    """Random geometry of frame, label map and flow magnitudes together (section 4)."""

    __pydantic_config__ = STRICT

    flip: bool = True
    rotation: float = 30.0
    """Largest angle, degrees."""
    scale: tuple[float, float] = (0.75, 1.25)
    crop: float = 1.0
    """Side of the crop relative to the frame's; the crop keeps the object."""
    brightness: float = 0.0
    """Largest relative change of brightness and contrast."""
    anywhere: float = later(0.0)
    """Probability that a crop lies anywhere in the frame, whether it shows the object or not: so
    that small crops, too, show the background that must be rejected."""


@dataclass(frozen=True)
class PerturbationOptions:
    """Random change of the true mask, in place of an imperfect previous prediction (section 4)."""

    __pydantic_config__ = STRICT

    morphology: float = 5.0
    """Largest radius of dilation or erosion, pixels where the crop has a short side of 480."""
    deformation: float = 0.1
    """Thin-plate displacement of control points, relative to the object's box."""
    scale: float = 0.1
    rotation: float = 10.0
    """Largest angle, degrees."""
    translation: float = 0.1
    """Relative to the object's box."""
    drop: float = 0.0
    """Probability that the previous mask is empty."""
    ghost: float = later(0.0)
    """Probability that the previous mask shows the object a second time where it is not: a false
    positive that must not live on."""
    blob: float = later(0.0)
    """Probability that a blob at the outline is missing from the previous mask, or added to it: as
    where a part was left out or the background taken in some frames before."""


@dataclass(frozen=True)
class DreamOptions:
    """Samples made from one frame: object and inpainted background move on their own (Khoreva et
    al., "Lucid Data Dreaming", 2017)."""

    __pydantic_config__ = STRICT

    share: float = 0.5
    """Of the samples; the others are the frame itself."""
    translation: float = 0.3
    """Largest shift of the object from where it was, relative to its box."""
    rotation: float = 20.0
    """Largest angle of the object, degrees."""
    scale: float = 0.15
    deformation: float = 0.08
    """Thin-plate displacement of control points, relative to the object's box."""
    motion: float = 0.1
    """Largest shift of the object from one frame to the next, relative to its box."""
    turn: float = 5.0
    """Largest angle from one frame to the next, degrees."""
    camera: float = 0.05
    """Largest shift of the background, relative to the frame."""
    light: float = 0.15
    """Largest relative change of brightness, of object and background apart."""
    occluder: float = 0.2
    """Probability that a part of the object is hidden."""
