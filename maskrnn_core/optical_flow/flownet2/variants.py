"""Finds the network that weights belong to, from their keys and shapes."""

from collections.abc import Callable, Mapping
from functools import cache

import torch
from torch import Tensor

from maskrnn_core.errors import IncompatibleWeightsError, InvalidInputError
from maskrnn_core.optical_flow.flownet2.network import FlowNetwork
from maskrnn_core.optical_flow.flownet2.resample2d import Border
from maskrnn_core.optical_flow.flownet2.stacks import FlowNet2, FlowNet2CS, FlowNet2CSS
from maskrnn_core.optical_flow.flownet2.standalone import FlowNet2C, FlowNet2S, FlowNet2SD

Shapes = Mapping[str, tuple[int, ...]]

VARIANTS: Mapping[str, Callable[..., FlowNetwork]] = {
    kind.__name__: kind
    for kind in (FlowNet2, FlowNet2C, FlowNet2S, FlowNet2SD, FlowNet2CS, FlowNet2CSS)
}
"""Class of each network by its public name; all constructors take the same options."""

_SHOWN = 3


def empty_network(
    variant: str, *, align_corners: bool, border: Border, upsampled_flow_bias: bool
) -> FlowNetwork:
    """Build the network without memory for its weights (on torch's "meta" device).

    Raises:
        InvalidInputError: the name is not in `VARIANTS`.
    """
    if variant not in VARIANTS:
        raise InvalidInputError(
            f"unknown FlowNet2 variant {variant!r}: choose one of {', '.join(VARIANTS)}"
        )
    with torch.device("meta"):
        return VARIANTS[variant](
            align_corners=align_corners,
            border=border,
            upsampled_flow_bias=upsampled_flow_bias,
        )


@cache
def weight_shapes(variant: str, upsampled_flow_bias: bool) -> Shapes:
    """Keys and shapes of a variant's state_dict."""
    network = empty_network(
        variant,
        align_corners=False,
        border="clamp",
        upsampled_flow_bias=upsampled_flow_bias,
    )
    return {key: tuple(value.shape) for key, value in network.state_dict().items()}


def detect_variant(weights: Mapping[str, Tensor], wanted: str | None) -> tuple[str, bool]:
    """Name of the network that the weights belong to, and whether FlowNetS has its Caffe biases.

    Raises:
        InvalidInputError: `wanted` is not the name of a variant.
        IncompatibleWeightsError: the keys or shapes fit no variant, or fit another one than
            `wanted`.
    """
    shapes = {key: tuple(value.shape) for key, value in weights.items()}
    if wanted is not None and wanted not in VARIANTS:
        raise InvalidInputError(
            f"unknown FlowNet2 variant {wanted!r}: choose one of {', '.join(VARIANTS)}"
        )
    for variant in VARIANTS:
        for bias in (False, True):
            if weight_shapes(variant, bias) == shapes:
                if wanted in (None, variant):
                    return variant, bias
                raise IncompatibleWeightsError(
                    f"the weights belong to {variant}, not to {wanted}: give the checkpoint of "
                    f"{wanted}, or choose {variant}"
                )
    raise IncompatibleWeightsError(_difference(shapes, wanted))


def _difference(shapes: Shapes, wanted: str | None) -> str:
    def distance(variant: str) -> int:
        return len(weight_shapes(variant, False).items() ^ shapes.items())

    variant = wanted or min(VARIANTS, key=distance)
    expected = weight_shapes(variant, False)
    changed = sorted(k for k in expected.keys() & shapes.keys() if expected[k] != shapes[k])
    findings = [
        _listing("missing", sorted(expected.keys() - shapes.keys())),
        _listing("unknown", sorted(shapes.keys() - expected.keys())),
        _listing("of another shape", [f"{k} {shapes[k]}, not {expected[k]}" for k in changed]),
    ]
    owner = variant if wanted else f"any network of the FlowNet2 family; nearest is {variant}"
    return (
        f"the weights do not fit {owner}: {'; '.join(filter(None, findings))}. "
        f"Give an unchanged public checkpoint of {variant}"
    )


def _listing(what: str, names: list[str]) -> str:
    if not names:
        return ""
    more = ", ..." if len(names) > _SHOWN else ""
    return f"{len(names)} keys {what} ({', '.join(names[:_SHOWN])}{more})"
