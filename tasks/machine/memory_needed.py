"""Estimates the memory of a unit that runs a network, from frame size and options.

The estimate is for the whole process on a CPU in float32. It is 0.6 to 1.6 times the measured one.
"""

from typing import Literal

from maskrnn_core.options import NetworkOptions, Preset
from tasks.machine.network_size import activation_bytes, passing_bytes, weight_bytes

NetworkStage = Literal["static", "recurrent", "finetune", "segment"]
"""Stages that run a network; `train` is the two offline stages, one after the other."""

_PROCESS = 900 * 2**20
"""Python, torch and the other libraries, loaded."""
_TRAINED = 4
"""Weights, gradients and Adam's two moments."""
_BACKWARD = 1.3
"""Activations, and those of their gradients that exist at the same time."""
_CHECKPOINTED = 0.5
_TRACKED = 2
"""The weights of an object, once as read and once in its network."""
_DETECTOR = 950 * 2**20
"""Mask R-CNN with a frame of 800 lines, whatever the size of the video's frames."""
_FRAME = 64
"""Bytes per pixel of frame, flow, masks and probabilities, in several copies."""


def memory_needed(
    stage: NetworkStage, preset: Preset, size: tuple[int, int], objects: int = 1
) -> int:
    """Return the bytes of the process that runs a unit.

    Args:
        stage: a stage that the preset has.
        preset: its network and options.
        size: (H, W) of the frames.
        objects: number of objects that are segmented together.
    """
    network = preset.network
    if network is None:
        return _PROCESS + _FRAME * size[0] * size[1] * objects
    weights = weight_bytes(network)
    area = size[0] * size[1]
    if stage == "segment":
        passing = area * (passing_bytes(network) + _FRAME * objects)
        detector = 0 if preset.inference.instances is None else _DETECTOR
        return int(_PROCESS + objects * _TRACKED * weights + passing + detector)
    return int(_PROCESS + _TRAINED * weights + _learning(stage, preset, network, area))


def offline_memory(preset: Preset, size: tuple[int, int]) -> int:
    """Return the bytes of offline training; 0 for a preset that does not train."""
    stages: tuple[tuple[NetworkStage, object], ...] = (
        ("static", preset.static),
        ("recurrent", preset.recurrent),
    )
    if preset.network is None:
        return 0
    return max((memory_needed(name, preset, size) for name, has in stages if has), default=0)


def _learning(stage: NetworkStage, preset: Preset, network: NetworkOptions, area: int) -> float:
    """Return the bytes of the activations of one batch."""
    options = {
        "static": preset.static,
        "recurrent": preset.recurrent,
        "finetune": preset.finetune,
    }[stage]
    if options is None:
        return 0.0
    crop = options.augmentation.crop**2 * area
    frames, kept = float(getattr(options, "batch_size", 1)), _BACKWARD
    if preset.recurrent is not None and stage == "recurrent":
        frames = preset.recurrent.clip_length - 1  # the first one is given
        if preset.recurrent.checkpoint_activations:
            kept *= _CHECKPOINTED
    return frames * crop * (kept * activation_bytes(network) + _FRAME)
