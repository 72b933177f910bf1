"""Which configurations of the method a run works through."""

from flows.plan.parameters import BenchmarkParameters
from tasks.inputs.ablation import ablation_configurations
from tasks.inputs.configuration import Configuration, configure


def all_configurations(parameters: BenchmarkParameters) -> list[Configuration]:
    """The main one with the overrides first, then those it is compared with.

    An ablation varies the preset with its overrides; its main one is the full method.

    Raises:
        ParameterError: unknown preset, option or value; an ablation of less than the full method.
    """
    main = configure(parameters.preset, parameters.overrides)
    shared = {
        key: value
        for key, value in parameters.overrides.items()
        if key.split(".")[0] in ("compute", "synthetic")
    }
    others = [configure(name, shared) for name in parameters.presets[1:]]
    return [*(ablation_configurations(main) if parameters.ablation else [main]), *others]
