"""Table 2 of the paper as data: its six configurations and their results in the paper."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.options import Preset


@dataclass(frozen=True)
class AblationRow:
    """One column of Table 2 as a row: each row adds one part to the row before it.

    All rows read the previous mask; without `warp_mask` they read it at its old place.
    """

    name: str
    title: str
    """The part that the row adds, in the words of the paper."""
    flow_stream: bool
    warp_mask: bool
    train_localization: bool
    apply_localization: bool
    recurrent: bool
    published: Mapping[str, tuple[float, float]]
    """The paper's IoU in percent, per data set: without and with finetuning."""

    def name_on(self, base: str, *, finetuned: bool) -> str:
        """Name of this row's preset for a base, such as "small+rnn"."""
        return f"{base}+{self.name}" + ("" if finetuned else "-offline")

    def preset(self, base: Preset, *, finetuned: bool) -> Preset:
        """The base preset with only the parts of this row.

        Without finetuning the parent itself segments. Both variants share the parent.

        Raises:
            InvalidInputError: the base is not the full method.
        """
        network = base.network
        if network is None or (missing := missing_parts(base)):
            parts = "network" if network is None else ", ".join(missing)
            raise InvalidInputError(
                f"the ablation removes parts from the full method, but the preset {base.name} has "
                f"no {parts}; base it on small or paper"
            )
        return replace(
            base,
            name=self.name_on(base.name, finetuned=finetuned),
            network=replace(
                network,
                flow_stream=self.flow_stream,
                mask_input="warped" if self.warp_mask else "previous",
                localization=self.train_localization,
            ),
            recurrent=base.recurrent if self.recurrent else None,
            finetune=base.finetune if finetuned else None,
            inference=replace(base.inference, gate=self.apply_localization),
        )


def missing_parts(base: Preset) -> list[str]:
    """Parts of the full method that a preset with a network does not have."""
    network = base.network
    parts = {
        "flow stream": network is not None and network.flow_stream,
        "warped mask": network is not None and network.mask_input == "warped",
        "localization net": network is not None and network.localization,
        "gate": base.inference.gate,
        "static stage": base.static is not None,
        "recurrent stage": base.recurrent is not None,
        "finetuning": base.finetune is not None,
    }
    return [name for name, present in parts.items() if not present]


def _row(
    name: str,
    title: str,
    parts: int,
    davis2016: tuple[float, float],
    davis2017: tuple[float, float],
) -> AblationRow:
    """A row with the first `parts` additions to the appearance stream."""
    published = MappingProxyType({"davis2016": davis2016, "davis2017": davis2017})
    return AblationRow(
        name, title, parts > 0, parts > 1, parts > 2, parts > 3, parts > 4, published
    )


ABLATION: tuple[AblationRow, ...] = (
    _row("astream", "AStream", 0, (54.17, 76.63), (41.29, 58.66)),
    _row("fstream", "+ FStream", 1, (55.87, 79.77), (43.33, 59.46)),
    _row("warp", "+ Warp mask", 2, (56.88, 79.92), (44.52, 59.71)),
    _row("loc-train", "+ Loc. train", 3, (52.29, 78.43), (38.95, 56.12)),
    _row("loc-apply", "+ Loc. apply", 4, (53.90, 80.10), (41.57, 60.41)),
    _row("rnn", "+ RNN", 5, (56.32, 80.38), (45.53, 60.51)),
)
"""In the order of the paper."""
