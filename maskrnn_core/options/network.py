"""Options of the networks."""

from dataclasses import dataclass
from typing import Literal

from maskrnn_core.digest import later
from maskrnn_core.options.strict import STRICT


@dataclass(frozen=True)
class NetworkOptions:
    """The two-stream segmentation net and the localization net (sections 3.3 and 4)."""

    __pydantic_config__ = STRICT

    width: float = 1.0
    """Channels relative to VGG-16; 1.0 is VGG-16 itself."""
    norm: Literal["none", "group"] = "none"
    """Normalisation after each convolution; VGG-16 has none, training from scratch needs it."""
    head: Literal["single", "osvos"] = "single"
    flow_stream: bool = True
    mask_input: Literal["warped", "previous", "none"] = "warped"
    mask_at: Literal["input", "stages"] = later("input")
    """Where the streams read the mask: beside the frame alone, or in every stage of VGG and in the
    head as well, so that few steps of training suffice to follow it."""
    localization: bool = True
    """Whether the localization net exists and is trained; `InferenceOptions.gate` applies it."""
    roi_pooling: Literal["pool", "align"] = "pool"
    roi_features: Literal["conv5_3", "profiles"] = later("conv5_3")
    """What the localization net reads: features of the appearance stream, or the rows and columns
    of the segmentation net's probability and of the warped mask, whose meaning no stage changes."""
    fc_width: int = 1024
    """4096 when the weights of VGG's classifier are loaded."""
