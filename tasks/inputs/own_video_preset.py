"""Chooses the preset for somebody's own video by the weights that this machine has."""

from collections.abc import Mapping
from typing import Any

from tasks.inputs.trunk_weights import VGG16_HED, find_trunk

_WITH_TRUNK, _WITHOUT = "oneshot", "small"


def with_preset(fields: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Add the preset that gives the best masks, unless one is named.

    Args:
        fields: fields of `BenchmarkParameters`, perhaps without a preset.

    Returns:
        The fields with a preset, and a line for the user; empty if the user named it.
    """
    chosen = dict(fields)
    if chosen.get("preset") is not None:
        return chosen, ""
    start = chosen.get("initial_weights")
    if chosen.get("parent") is None and start in (None, VGG16_HED):
        if start is not None or find_trunk(VGG16_HED) is not None:
            chosen |= {"preset": _WITH_TRUNK, "initial_weights": VGG16_HED}
            return chosen, f"Preset {_WITH_TRUNK}, from the weights {VGG16_HED} (see --preset)."
        cure = f"; for much better masks first run `maskrnn weights get {VGG16_HED}`"
    else:
        cure = ""
    chosen["preset"] = _WITHOUT
    return chosen, f"Preset {_WITHOUT}{cure} (see --preset)."
