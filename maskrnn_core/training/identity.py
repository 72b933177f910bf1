"""What the result of a training depends on; configurations that agree in it share the result."""

import dataclasses

from maskrnn_core.options import NetworkOptions, Preset, RecurrentOptions, StaticOptions


def as_trained(network: NetworkOptions) -> NetworkOptions:
    """The network as stages on single frames train it: nothing is warped there."""
    if network.mask_input == "previous":
        return dataclasses.replace(network, mask_input="warped")
    return network


def offline_parts(
    preset: Preset,
) -> tuple[NetworkOptions | None, StaticOptions | None, RecurrentOptions | None]:
    """What a parent depends on beside its data: the network and both offline stages."""
    network = preset.network
    if network is not None and preset.recurrent is None:
        network = as_trained(network)
    return network, preset.static, preset.recurrent
