"""The parts of the method, as they are named or given from Python."""

import os
from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load_file

from maskrnn_core.errors import IncompatibleWeightsError, InvalidInputError
from maskrnn_core.networks.weights import Weights
from maskrnn_core.optical_flow.estimator import FlowEstimator
from maskrnn_core.optical_flow.registry import build_estimator, estimator_entry
from maskrnn_core.options import ComputeOptions, Preset
from maskrnn_core.presets import preset as preset_named


def preset_of(preset: str | Preset) -> Preset:
    """A preset from its name or itself; an unknown name raises InvalidInputError."""
    return preset_named(preset) if isinstance(preset, str) else preset


def estimator_of(flow: str | FlowEstimator, compute: ComputeOptions) -> FlowEstimator:
    """An estimator of optical flow from its name or itself.

    Raises:
        InvalidInputError: an unknown name, or that of an estimator whose weights must be given.
        OSError: published weights that are not in torch's cache and cannot be fetched.
    """
    if not isinstance(flow, str):
        return flow
    entry = estimator_entry(flow)
    if entry.takes_weights and not entry.downloadable:
        raise InvalidInputError(
            f"{flow} needs weights: open its checkpoint as a file, and give flow=build_estimator("
            f"{flow!r}, file) of maskrnn_core.optical_flow.registry"
        )
    return build_estimator(flow, compute=compute)


def parent_of(parent: str | os.PathLike[str] | Weights | None) -> Weights | None:
    """Weights of a parent from its .safetensors file, or arrays by name as they are.

    Raises:
        InvalidInputError: there is no such file.
        IncompatibleWeightsError: the file is damaged, or no safetensors file.
    """
    if not isinstance(parent, str | os.PathLike):
        return parent
    file = Path(parent)
    if not file.is_file():
        raise InvalidInputError(
            f"no parent {file}: there is no such file; give the weights.safetensors of a parent"
        )
    try:
        return load_file(file)
    except SafetensorError as error:
        raise IncompatibleWeightsError(
            f"{file} is not a complete safetensors file ({error}); export it again"
        ) from error
