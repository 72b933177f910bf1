"""Chooses the preset where none is named."""

from collections.abc import Mapping
from typing import Any

from tasks.inputs.trunk_weights import VGG16_HED

FIRST_FRAME_ALONE, _FROM_TRUNK, FROM_PARENT = "lucid", "oneshot", "small"


def default_preset(fields: Mapping[str, Any]) -> tuple[str, str]:
    """Return the preset that gives the best masks from what is named, and why it is the one.

    Args:
        fields: fields of `BenchmarkParameters`, perhaps only some of them.
    """
    if fields.get("ablation") or fields.get("until") == "train":
        return FROM_PARENT, "which has all parts of the method"
    if fields.get("parent") is not None:
        return FROM_PARENT, "from the named parent"
    if (start := fields.get("initial_weights")) == VGG16_HED:
        return _FROM_TRUNK, f"from the weights {VGG16_HED}"
    if start is not None:
        return FROM_PARENT, "from the named weights"
    why = "which learns from the first mask alone, in some minutes per object on a CPU core"
    return FIRST_FRAME_ALONE, why


def with_preset(fields: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Add the default preset, unless one is named.

    Args:
        fields: fields of `BenchmarkParameters`, perhaps without a preset.

    Returns:
        The fields with a preset, and a line for the user; empty if the user named it.
    """
    if fields.get("preset") is not None:
        return dict(fields), ""
    preset, why = default_preset(fields)
    return {**fields, "preset": preset}, f"Preset {preset}, {why} (see --preset)."
