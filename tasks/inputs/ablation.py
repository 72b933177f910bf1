"""Lists the ablation of a preset as configurations of a run."""

import dataclasses

from maskrnn_core.ablation import ABLATION
from maskrnn_core.errors import InvalidInputError
from tasks.errors import ParameterError
from tasks.inputs.configuration import Configuration


def ablation_configurations(base: Configuration) -> list[Configuration]:
    """Return the full method, then without one part after another; then all without finetuning.

    Raises:
        ParameterError: the base is not the full method.
    """
    try:
        presets = [
            row.preset(base.preset, finetuned=finetuned)
            for finetuned in (True, False)
            for row in reversed(ABLATION)
        ]
    except InvalidInputError as error:
        raise ParameterError(str(error)) from None
    return [dataclasses.replace(base, preset=preset) for preset in presets]
