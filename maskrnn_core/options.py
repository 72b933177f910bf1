"""Options of every stage: one frozen dataclass each, defaults as in the paper.

`maskrnn_core.digest.stable_digest` of an options object goes into the key of what the stage makes.
Declare a new option with `maskrnn_core.digest.later`: artifacts made before it keep their keys.
"""

from dataclasses import dataclass, field
from typing import Literal

from maskrnn_core.digest import later
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.trackers.choice import TrackerChoice

_STRICT = {"extra": "forbid"}  # read by pydantic where options arrive from outside


@dataclass(frozen=True)
class NetworkOptions:
    """The two-stream segmentation net and the localization net (sections 3.3 and 4)."""

    __pydantic_config__ = _STRICT

    width: float = 1.0
    """Channels relative to VGG-16; 1.0 is VGG-16 itself."""
    norm: Literal["none", "group"] = "none"
    """Normalisation after each convolution; VGG-16 has none, training from scratch needs it."""
    head: Literal["single", "osvos"] = "single"
    flow_stream: bool = True
    mask_input: Literal["warped", "previous", "none"] = "warped"
    localization: bool = True
    """Whether the localization net exists and is trained; `InferenceOptions.gate` applies it."""
    roi_pooling: Literal["pool", "align"] = "pool"
    roi_features: Literal["conv5_3", "masks"] = later("conv5_3")
    """What the localization net reads: features of the appearance stream, or the segmentation net's
    probability and the warped mask, whose meaning no later stage of training changes."""
    fc_width: int = 1024
    """4096 when the weights of VGG's classifier are loaded."""


@dataclass(frozen=True)
class AugmentationOptions:
    """Random geometry of frame, label map and flow magnitudes together (section 4)."""

    __pydantic_config__ = _STRICT

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

    __pydantic_config__ = _STRICT

    morphology: float = 5.0
    """Largest radius of dilation or erosion, pixels at a short side of 480."""
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


@dataclass(frozen=True)
class DreamOptions:
    """Samples made from one frame: object and inpainted background move on their own (Khoreva et
    al., "Lucid Data Dreaming", 2017)."""

    __pydantic_config__ = _STRICT

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


@dataclass(frozen=True)
class LearningOptions:
    """What all stages that learn share: rate, loss, and how samples are varied."""

    __pydantic_config__ = _STRICT

    learning_rate: float = 1e-5
    final_learning_rate: float = 1e-6
    decay_power: float = 0.9
    """The rate falls from the first to the last step as (1 - step / steps) to this power."""
    balance: Literal["classes", "none"] = "classes"
    """Weighting of the cross entropy: by class as in OSVOS, or none."""
    hardest: float = later(1.0)
    """Share of the pixels that count, those of the largest loss (OnAVOS, 2017, takes 0.25)."""
    accumulate: int = 1
    """Batches whose mean gradient makes one step: a larger batch in the memory of a small one."""
    seed: int = 0
    augmentation: AugmentationOptions = field(default_factory=AugmentationOptions)
    perturbation: PerturbationOptions = field(default_factory=PerturbationOptions)

    def __post_init__(self) -> None:
        """Raise InvalidInputError for what no training can mean."""
        if self.accumulate < 1:
            raise InvalidInputError(f"accumulate={self.accumulate}: a step takes 1 batch or more")
        if not 0 < self.hardest <= 1:
            raise InvalidInputError(
                f"hardest={self.hardest}: the share of pixels that count is above 0, and at most 1"
            )


@dataclass(frozen=True)
class StaticOptions(LearningOptions):
    """First offline stage: single frames with perturbed masks."""

    epochs: float = 10.0
    """Passes over all (frame, object) samples."""
    steps: int | None = None
    """Optimizer steps; overrides `epochs`."""
    batch_size: int = 1
    localization_weight: float = 1.0


@dataclass(frozen=True)
class RecurrentOptions(LearningOptions):
    """Second offline stage: contiguous frames, backpropagation through time."""

    clip_length: int = 7
    epochs: float = 10.0
    steps: int | None = None
    checkpoint_activations: bool = False
    """Half the memory for about a quarter more time."""


@dataclass(frozen=True)
class FinetuneOptions(LearningOptions):
    """Online finetuning on the first annotated frame, per object (section 4)."""

    iterations: int = 200
    batch_size: int = 1
    localization_weight: float = 1.0
    dream: DreamOptions | None = later(None)  # noqa: RUF009 (declares a field)
    frozen_blocks: int = 0
    """Blocks of VGG, from the first on, that stay as the parent's in both streams."""
    patience: int | None = None
    """Iterations in a window: stop when its mean loss is no lower than the lowest of the windows
    before; None takes all iterations."""

    def __post_init__(self) -> None:
        """Raise InvalidInputError for what no finetuning can mean."""
        super().__post_init__()
        if not 0 <= self.frozen_blocks <= 5:
            raise InvalidInputError(f"frozen_blocks={self.frozen_blocks}: VGG has blocks 1 to 5")
        if self.patience is not None and self.patience < 1:
            raise InvalidInputError(
                f"patience={self.patience}: a window has 1 iteration or more; none never stops"
            )


@dataclass(frozen=True)
class InferenceOptions:
    """Recurrent inference and fusion (sections 3.2 and 3.3)."""

    __pydantic_config__ = _STRICT

    gate: bool = True
    """Whether the localization net's box discards what lies outside."""
    box_scale: float = 1.25
    threshold: float = 0.5
    feedback: Literal["own", "fused"] = "own"
    causal: bool = False
    """Never look at the next frame: forward magnitudes are zero."""
    lost_growth: float = 1.25
    """Growth per frame of a lost object's last box."""
    mask_box_scale: float | None = later(None)
    """Discard what lies outside the warped mask's box enlarged by this; None discards nothing."""
    window_margin: float | None = later(None)
    """Read only what `mask_box_scale` keeps, and so many pixels around it, which saves the time for
    the rest; None reads the whole frame. A lost object is searched in the whole frame."""
    component_reach: float | None = later(None)
    """Discard components that are farther from the warped mask than this times the root of its
    area; None discards none."""

    def __post_init__(self) -> None:
        """Raise InvalidInputError for options that contradict each other."""
        if self.window_margin is not None and self.mask_box_scale is None:
            raise InvalidInputError(
                "window_margin leaves out what mask_box_scale discards: set mask_box_scale, too"
            )


@dataclass(frozen=True)
class ComputeOptions:
    """Where and how precisely; part of no key but that of results it changes."""

    __pydantic_config__ = _STRICT

    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    threads: int | None = None
    """CPU threads of the process; None leaves torch's choice."""
    processes: int = 1
    """Of offline training: they share the `accumulate` batches of each step; every one has a CUDA
    device of its own, or a part of the cores."""

    def __post_init__(self) -> None:
        """Raise InvalidInputError for what cannot compute."""
        if self.processes < 1:
            raise InvalidInputError(f"processes={self.processes}: training takes 1 process or more")


@dataclass(frozen=True)
class Preset:
    """A named configuration of the whole method.

    `network` None means no network at all: `carry` then says how the first mask moves on, unless
    `tracker` names a tracker of another package.
    """

    __pydantic_config__ = _STRICT

    name: str
    network: NetworkOptions | None = field(default_factory=NetworkOptions)
    carry: Literal["warped", "first"] = "warped"
    """Without a network: warp the previous mask, or copy the first one."""
    static: StaticOptions | None = field(default_factory=StaticOptions)
    recurrent: RecurrentOptions | None = field(default_factory=RecurrentOptions)
    finetune: FinetuneOptions | None = field(default_factory=FinetuneOptions)
    inference: InferenceOptions = field(default_factory=InferenceOptions)
    tracker: TrackerChoice | None = later(None)  # noqa: RUF009 (declares a field)
