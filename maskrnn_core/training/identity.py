"""The options that a training depends on; configurations with equal ones share the result."""

import dataclasses

from maskrnn_core.options import NetworkOptions, Preset, RecurrentOptions, StaticOptions


def as_trained(network: NetworkOptions) -> NetworkOptions:
    """The network options without warping, which has no effect in stages on single frames."""
    if network.mask_input == "previous":
        return dataclasses.replace(network, mask_input="warped")
    return network


def offline_parts(
    preset: Preset,
) -> tuple[NetworkOptions | None, StaticOptions | None, RecurrentOptions | None]:
    """The options that a parent depends on, beside its data: network and both offline stages."""
    network = preset.network
    if network is not None and preset.recurrent is None:
        network = as_trained(network)
    return network, preset.static, preset.recurrent
