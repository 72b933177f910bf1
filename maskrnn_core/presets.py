"""Named configurations of the whole method."""

import difflib
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Literal

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.options import (
    AugmentationOptions,
    DreamOptions,
    FinetuneOptions,
    InferenceOptions,
    InstanceOptions,
    LocalizationOptions,
    NetworkOptions,
    PerturbationOptions,
    Preset,
    RecurrentOptions,
    StaticOptions,
)

_MILD = AugmentationOptions(rotation=15.0, brightness=0.1)
_ROUGH = PerturbationOptions(
    morphology=8.0, deformation=0.15, scale=0.1, translation=0.12, drop=0.1
)

_STEPS, _CLIPS = 700, 60

_STATIC = StaticOptions(
    steps=_STEPS,
    batch_size=1,
    learning_rate=1e-3,
    final_learning_rate=1e-4,
    balance="none",
    augmentation=_MILD,
    perturbation=_ROUGH,
)
_RECURRENT = RecurrentOptions(
    steps=_CLIPS,
    learning_rate=3e-4,
    final_learning_rate=3e-5,
    balance="none",
    augmentation=_MILD,
    perturbation=_ROUGH,
)

_FINETUNE = FinetuneOptions(
    iterations=240,
    learning_rate=1e-3,
    final_learning_rate=5e-5,
    balance="none",
    augmentation=_MILD,
    perturbation=_ROUGH,
)

_SMALL = Preset(
    name="small",
    network=NetworkOptions(width=0.25, norm="group", fc_width=256, roi_features="profiles"),
    static=replace(_STATIC, localization=LocalizationOptions(), localization_weight=0.0),
    recurrent=_RECURRENT,
    finetune=replace(_FINETUNE, localization_weight=0.0),
    inference=InferenceOptions(
        box_scale=1.5,
        mask_box_scale=1.5,
        piece_reach=0.25,
        motion_weight=1.0,
        edge_radius=0.1,
        flip=True,
    ),
)

_PAPER = Preset(name="paper", network=NetworkOptions(fc_width=4096))

_CROPS = replace(_MILD, crop=0.6, anywhere=0.15, scale=(0.7, 1.4))
"""A third of the frame's pixels, and so about a third of the time."""
_DRIFTED = replace(_ROUGH, ghost=0.3, blob=0.4)
"""The previous mask as it is some frames after an error."""
_CONTINUITY = InferenceOptions(
    gate=False,
    mask_box_scale=1.5,
    piece_reach=0.25,
    second_look=0.5,
    scale_range=(0.9, 1.7),
    motion_weight=1.0,
    edge_radius=0.1,
)

_DREAMS = DreamOptions(translation=0.5, scale=0.25)
_NEARLY_ALL_DREAMS = replace(_DREAMS, share=0.9)

_ONE_STREAM = NetworkOptions(flow_stream=False, localization=False, mask_at="stages")
_PARENT = StaticOptions(
    steps=1_200,
    coarse=0.8,
    accumulate=4,
    learning_rate=2e-4,
    final_learning_rate=1e-5,
    balance="none",
    augmentation=_CROPS,
    perturbation=_DRIFTED,
)
_FIRST_FRAME = FinetuneOptions(
    iterations=200,
    learning_rate=1e-4,
    final_learning_rate=1e-5,
    balance="none",
    augmentation=replace(_CROPS, anywhere=0.2),
    perturbation=replace(_DRIFTED, blob=0.3),
    dream=_DREAMS,
    disguise=0.35,
    frozen_blocks=2,
)

_ACCURATE = Preset(
    name="accurate",
    network=_ONE_STREAM,
    static=_PARENT,
    recurrent=None,
    finetune=_FIRST_FRAME,
    inference=replace(_CONTINUITY, window_margin=48),
)
"""One stream of VGG-16 from pretrained weights whose layers have one magnitude (`vgg16-hed`)."""

_ONESHOT = replace(
    _ACCURATE,
    name="oneshot",
    static=None,
    finetune=replace(
        _FIRST_FRAME, iterations=400, learning_rate=3e-4, disguise=0.0, frozen_blocks=0
    ),
)
"""The network of `accurate`, trained on the first frame alone: no data set is needed."""

_SCRATCH = replace(
    _ACCURATE,
    name="scratch",
    network=replace(_ONE_STREAM, width=0.25, norm="group"),
    static=replace(_PARENT, steps=6_000, coarse=0.0, learning_rate=1e-3),
    finetune=replace(
        _FIRST_FRAME,
        iterations=1_000,
        learning_rate=5e-4,
        final_learning_rate=2e-5,
        dream=_NEARLY_ALL_DREAMS,
        disguise=0.0,
        frozen_blocks=0,
    ),
    inference=replace(_ACCURATE.inference, flip=True),
)
"""The recipe of `accurate` at a quarter of the width, from random weights."""

_SAME_BUDGET = replace(_STATIC, steps=_STEPS + _CLIPS * _RECURRENT.clip_length)
"""As many frames as both stages of `small` see, for presets without a recurrent stage."""


def _appearance_alone(name: str, mask_input: Literal["previous", "none"]) -> Preset:
    """The appearance stream of `small` without flow and box, trained as long as `small` is."""
    return replace(
        _SMALL,
        name=name,
        network=NetworkOptions(
            width=0.25, norm="group", flow_stream=False, mask_input=mask_input, localization=False
        ),
        static=_SAME_BUDGET,
        recurrent=None,
        finetune=_FINETUNE,
        inference=InferenceOptions(gate=False),
    )


_OSVOS = _appearance_alone("osvos", "none")
_OSVOS_S = replace(
    _OSVOS, name="osvos-s", inference=replace(_OSVOS.inference, instances=InstanceOptions())
)
"""`osvos` guided by the instances of the object's categories (Maninis et al., 2018)."""

_FUSIONSEG = replace(
    _SMALL,
    name="fusionseg",
    network=NetworkOptions(width=0.25, norm="group", mask_input="none", localization=False),
    static=_SAME_BUDGET,
    recurrent=None,
    finetune=None,
    inference=InferenceOptions(gate=False),
)
"""Both streams of `small` without a mask, not finetuned (Jain et al., "FusionSeg", 2017)."""

_DREAMED = FinetuneOptions(
    iterations=1_500,
    learning_rate=3e-3,
    final_learning_rate=1e-5,
    optimizer="muon",
    balance="none",
    augmentation=_CROPS,
    perturbation=_DRIFTED,
    dream=_NEARLY_ALL_DREAMS,
    smallest_side=80.0,
)

_LUCID = Preset(
    name="lucid",
    network=NetworkOptions(
        width=0.25, norm="group", flow_stream=False, mask_at="stages", localization=False
    ),
    static=None,
    recurrent=None,
    finetune=_DREAMED,
    inference=replace(_CONTINUITY, feedback="exclusive"),
)
"""Appearance and warped mask, from random weights, trained on dreams of the first frame alone
(Khoreva et al., "Lucid Data Dreaming", 2017)."""

_FAST = replace(_LUCID, name="fast", finetune=replace(_DREAMED, iterations=500, coarse=0.8))
"""`lucid` with a fifth of its finetuning time."""


def _without_network(name: str, carry: Literal["warped", "first"]) -> Preset:
    return Preset(name=name, network=None, carry=carry, static=None, recurrent=None, finetune=None)


_PRESETS = (
    _PAPER,
    _ACCURATE,
    _ONESHOT,
    _SCRATCH,
    _SMALL,
    _OSVOS,
    _OSVOS_S,
    _appearance_alone("masktrack", "previous"),
    _FUSIONSEG,
    _LUCID,
    _FAST,
    _without_network("propagate", "warped"),
    _without_network("first-frame", "first"),
)

PRESETS: Mapping[str, Preset] = MappingProxyType({preset.name: preset for preset in _PRESETS})


def preset(name: str) -> Preset:
    """The preset of a name.

    Raises:
        InvalidInputError: unknown; names the known ones and the closest.
    """
    if name in PRESETS:
        return PRESETS[name]
    close = difflib.get_close_matches(name, PRESETS, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise InvalidInputError(f"unknown preset {name!r}; known are {', '.join(PRESETS)}{hint}")
