"""Lists the configurations of the method that a run executes."""

from flows.plan.parameters import BenchmarkParameters
from tasks.inputs.ablation import ablation_configurations
from tasks.inputs.configuration import Configuration, configure


def all_configurations(parameters: BenchmarkParameters) -> list[Configuration]:
    """Return the main configuration with the overrides, then those that it is compared with.

    In an ablation the preset with its overrides is varied; the full method is the main one.

    Raises:
        ParameterError: an unknown preset, option or value, or an ablation of a preset that is not
            the full method.
    """
    main = configure(parameters.preset, parameters.overrides)
    shared = {
        key: value
        for key, value in parameters.overrides.items()
        if key.split(".")[0] in ("compute", "synthetic")
    }
    others = [configure(name, shared) for name in parameters.presets[1:]]
    return [*(ablation_configurations(main) if parameters.ablation else [main]), *others]
