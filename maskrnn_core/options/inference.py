"""Options of inference and fusion."""

from dataclasses import dataclass
from typing import Literal

from maskrnn_core.digest import later
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.options.instances import InstanceOptions
from maskrnn_core.options.strict import STRICT


@dataclass(frozen=True)
class InferenceOptions:
    """Recurrent inference and fusion (sections 3.2 and 3.3)."""

    __pydantic_config__ = STRICT

    gate: bool = True
    """Whether the localization net's box discards what lies outside."""
    box_scale: float = 1.25
    threshold: float = 0.5
    feedback: Literal["own", "exclusive", "fused"] = "own"
    """What the network sees of an object in the next frame: its own probability; the same without
    the pixels that another object won; or only the pixels that it won itself."""
    causal: bool = False
    """Never look at the next frame: forward magnitudes are zero."""
    lost_growth: float = 1.25
    """Growth per frame of a lost object's last box."""
    second_look: float | None = later(None)
    """Where the mask shrinks below this share of what it was, the object is searched a second time
    without the mask. What it was is forgotten by 3 % per frame. None never looks again."""
    mask_box_scale: float | None = later(None)
    """Discard what lies outside the warped mask's box enlarged by this; None discards nothing."""
    window_margin: float | None = later(None)
    """Read only what `mask_box_scale` keeps, and so many pixels around it, which saves the time for
    the rest; None reads the whole frame. A lost object is searched in the whole frame."""
    piece_reach: float | None = later(None)
    """Discard pieces that are farther from the main pieces of the warped mask than this times the
    root of their area; None discards none."""
    motion_weight: float | None = later(None)
    """Weight of the evidence against pixels beyond the warped mask that move with the background
    and not with the object; see `background_evidence`. None asks for no motion."""
    edge_radius: float | None = later(None)
    """Bring outlines to the edges of the frame: radius of the guided filter, relative to the root
    of the object's area; see `at_edges`. None leaves them as the network draws them."""
    scale_range: tuple[float, float] | None = later(None)
    """Smallest and largest scale of the object, relative to its given mask, at which the network
    reads it: what is outside is resized, for finetuning has shown no other. None reads it as it is;
    so does a network with a localization net."""
    instances: InstanceOptions | None = later(None)  # noqa: RUF009 (declares a field)
    """Guidance by the instances that Mask R-CNN finds (`maskrnn weights get maskrcnn`)."""
    flip: bool = later(False)
    """Average with the logits of the mirrored frame, for twice the time."""
    backwards: bool = later(False)
    """Follow an object backwards to the frames that are nearer to its next given mask than to the
    one before; frames before its first mask belong to that mask."""

    def __post_init__(self) -> None:
        """Raise InvalidInputError for options that contradict each other."""
        low, high = self.scale_range or (1.0, 1.0)
        if not 0 < low <= 1 <= high:
            raise InvalidInputError(
                f"scale_range={self.scale_range}: give one scale above 0 and up to 1, and one from "
                "1 on, such as (0.7, 1.4)"
            )
        if self.window_margin is not None and self.mask_box_scale is None:
            raise InvalidInputError(
                "window_margin leaves out what mask_box_scale discards: set mask_box_scale, too"
            )
        if self.backwards and self.causal:
            raise InvalidInputError("backwards looks at later frames, which causal rules out")
