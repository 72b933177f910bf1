"""Chooses the preset for somebody's own video."""

from collections.abc import Mapping
from typing import Any

from tasks.inputs.trunk_weights import VGG16_HED

_FIRST_FRAME_ALONE, _FROM_TRUNK, _FROM_PARENT = "lucid", "oneshot", "small"


def with_preset(fields: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Add the preset that gives the best masks from the named weights, unless one is named.

    Args:
        fields: fields of `BenchmarkParameters`, perhaps without a preset.

    Returns:
        The fields with a preset, and a line for the user; empty if the user named it.
    """
    chosen = dict(fields)
    if chosen.get("preset") is not None:
        return chosen, ""
    if chosen.get("parent") is not None:
        preset, why = _FROM_PARENT, "from the named parent"
    elif (start := chosen.get("initial_weights")) == VGG16_HED:
        preset, why = _FROM_TRUNK, f"from the weights {VGG16_HED}"
    elif start is not None:
        preset, why = _FROM_PARENT, "from the named weights"
    else:
        preset = _FIRST_FRAME_ALONE
        why = "which learns from the first mask alone, in some minutes per object on a CPU core"
    chosen["preset"] = preset
    return chosen, f"Preset {preset}, {why} (see --preset)."
