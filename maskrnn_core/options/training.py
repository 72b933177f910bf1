"""Options of the two offline stages and of finetuning."""

from dataclasses import dataclass, field
from typing import Literal

from maskrnn_core.digest import later
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.options.samples import AugmentationOptions, DreamOptions, PerturbationOptions
from maskrnn_core.options.strict import STRICT


@dataclass(frozen=True)
class LearningOptions:
    """What all stages that learn share: rate, loss, and how samples are varied."""

    __pydantic_config__ = STRICT

    learning_rate: float = 1e-5
    final_learning_rate: float = 1e-6
    decay_power: float = 0.9
    """The rate falls from the first to the last step as (1 - step / steps) to this power."""
    balance: Literal["classes", "none"] = "classes"
    """Weighting of the cross entropy: by class as in OSVOS, or none."""
    hardest: float = later(1.0)
    """Share of the pixels that count, those of the largest loss (OnAVOS, 2017, takes 0.25)."""
    optimizer: Literal["adam", "muon"] = later("adam")
    """`muon` learns from random weights in far fewer steps (Jordan et al., "Muon", 2024)."""
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
class LocalizationOptions:
    """A stage before the static one, for a localization net that reads profiles. It learns from
    imitations of the segmentation net's answers, which are wanted before there are any good ones.
    """

    __pydantic_config__ = STRICT

    steps: int = 700
    batch_size: int = 4
    learning_rate: float = 5e-4
    """Of the first step; it falls to zero."""


@dataclass(frozen=True)
class StaticOptions(LearningOptions):
    """First offline stage: single frames with perturbed masks."""

    epochs: float = 10.0
    """Passes over all (frame, object) samples."""
    steps: int | None = None
    """Optimizer steps; overrides `epochs`."""
    batch_size: int = 1
    localization_weight: float = 1.0
    """Of the box loss beside the mask loss; 0: this stage leaves the localization net as it is."""
    coarse: float = later(0.0)
    """Share of the steps, the first ones, that see the frames at half their height and width: they
    cost a third, and teach most of what there is to learn."""
    localization: LocalizationOptions | None = later(None)  # noqa: RUF009 (declares a field)

    def __post_init__(self) -> None:
        """Raise InvalidInputError for what no training can mean."""
        super().__post_init__()
        _check_share(self.coarse)


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
    coarse: float = later(0.0)
    """As in `StaticOptions`, of the iterations."""
    dream: DreamOptions | None = later(None)  # noqa: RUF009 (declares a field)
    disguise: float = later(0.0)
    """Probability that a part of the object looks otherwise, as the sides that the first frame does
    not show: so that the network goes by the mask as well."""
    smallest_side: float | None = later(None)
    """An object whose given mask is smaller than a square of so many pixels is enlarged to it, at
    most twice, in finetuning and in inference. None enlarges nothing."""
    frozen_blocks: int = 0
    """Blocks of VGG, from the first on, that stay as the parent's in both streams."""
    patience: int | None = None
    """Iterations in a window: stop when its mean loss is no lower than the lowest of the windows
    before; None takes all iterations."""

    def __post_init__(self) -> None:
        """Raise InvalidInputError for what no finetuning can mean."""
        super().__post_init__()
        _check_share(self.coarse)
        if not 0 <= self.frozen_blocks <= 5:
            raise InvalidInputError(f"frozen_blocks={self.frozen_blocks}: VGG has blocks 1 to 5")
        if self.smallest_side is not None and self.smallest_side <= 0:
            raise InvalidInputError(
                f"smallest_side={self.smallest_side}: give a number of pixels above 0, or none"
            )
        if self.patience is not None and self.patience < 1:
            raise InvalidInputError(
                f"patience={self.patience}: a window has 1 iteration or more; none never stops"
            )


def _check_share(coarse: float) -> None:
    if not 0 <= coarse <= 1:
        raise InvalidInputError(f"coarse={coarse}: the share of small frames is from 0 to 1")
