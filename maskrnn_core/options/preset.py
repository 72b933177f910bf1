"""A configuration of the whole method."""

from dataclasses import dataclass, field
from typing import Literal

from maskrnn_core.digest import later
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.options.inference import InferenceOptions
from maskrnn_core.options.network import NetworkOptions
from maskrnn_core.options.strict import STRICT
from maskrnn_core.options.tracker import TrackerChoice
from maskrnn_core.options.training import FinetuneOptions, RecurrentOptions, StaticOptions


@dataclass(frozen=True)
class Preset:
    """A named configuration of the whole method.

    `network` None means no network at all: `carry` then says how the first mask moves on, unless
    `tracker` names a tracker of another package.
    """

    __pydantic_config__ = STRICT

    name: str
    network: NetworkOptions | None = field(default_factory=NetworkOptions)
    carry: Literal["warped", "first"] = "warped"
    """Without a network: warp the previous mask, or copy the first one."""
    static: StaticOptions | None = field(default_factory=StaticOptions)
    recurrent: RecurrentOptions | None = field(default_factory=RecurrentOptions)
    finetune: FinetuneOptions | None = field(default_factory=FinetuneOptions)
    inference: InferenceOptions = field(default_factory=InferenceOptions)
    tracker: TrackerChoice | None = later(None)  # noqa: RUF009 (declares a field)
    detector: str | None = later(None)
    """Digest of the weights that find instances (`inference.instances`), when a run has them."""

    def __post_init__(self) -> None:
        """Raise InvalidInputError for options that contradict each other."""
        network, static, finetune = self.network, self.static, self.finetune
        if network is None:
            return
        reads_frames_alone = not (network.localization or network.flow_stream)
        if finetune and finetune.smallest_side is not None and not reads_frames_alone:
            raise InvalidInputError(
                f"{self.name}: finetune.smallest_side enlarges what the network reads, but boxes "
                "and flow magnitudes are read as they are: set network.localization=false and "
                "network.flow_stream=false, or finetune.smallest_side=none"
            )
        has_other_boxes = network.localization and network.roi_features != "profiles"
        if static and static.localization and has_other_boxes:
            raise InvalidInputError(
                f"{self.name}: static.localization is for a localization net that reads profiles; "
                "set network.roi_features=profiles, or static.localization=none"
            )

    @property
    def trains_offline(self) -> bool:
        """Whether the parent learns from videos; otherwise it is what the training starts from."""
        return self.network is not None and not (self.static is None and self.recurrent is None)

    @property
    def reads_flow(self) -> bool:
        """Whether the network has a flow stream; masks are warped by optical flow without one."""
        return self.network is not None and self.network.flow_stream

    @property
    def wants_weights(self) -> bool:
        """Whether the network has VGG-16's layers as they are, which random weights train badly."""
        return self.network is not None and self.network.norm == "none"
