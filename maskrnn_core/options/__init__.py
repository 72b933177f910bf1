"""Options of every stage: one frozen dataclass each, defaults as in the paper.

`maskrnn_core.digest.stable_digest` of an options object goes into the key of what the stage makes.
Declare a new option with `maskrnn_core.digest.later`: artifacts made before it keep their keys.
"""

from maskrnn_core.options.compute import ComputeOptions
from maskrnn_core.options.inference import InferenceOptions
from maskrnn_core.options.instances import InstanceOptions
from maskrnn_core.options.network import NetworkOptions
from maskrnn_core.options.preset import Preset
from maskrnn_core.options.samples import AugmentationOptions, DreamOptions, PerturbationOptions
from maskrnn_core.options.training import (
    FinetuneOptions,
    LearningOptions,
    LocalizationOptions,
    RecurrentOptions,
    StaticOptions,
)

__all__ = [
    "AugmentationOptions",
    "ComputeOptions",
    "DreamOptions",
    "FinetuneOptions",
    "InferenceOptions",
    "InstanceOptions",
    "LearningOptions",
    "LocalizationOptions",
    "NetworkOptions",
    "PerturbationOptions",
    "Preset",
    "RecurrentOptions",
    "StaticOptions",
]
