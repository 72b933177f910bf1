"""The preset `paper` is the paper, with the open choices of docs/method.md."""

from dataclasses import replace

import pytest

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.options import AugmentationOptions, FinetuneOptions, PerturbationOptions
from maskrnn_core.presets import PRESETS, preset


def test_finetuning_of_the_paper() -> None:
    assert preset("paper").finetune == FinetuneOptions(
        iterations=200,
        batch_size=1,
        accumulate=1,
        learning_rate=1e-5,
        final_learning_rate=1e-6,
        decay_power=0.9,
        balance="classes",
        localization_weight=1.0,
        frozen_blocks=0,
        patience=None,
        augmentation=AugmentationOptions(
            flip=True, rotation=30, scale=(0.75, 1.25), crop=1.0, brightness=0.0
        ),
        perturbation=PerturbationOptions(
            morphology=5, deformation=0.1, scale=0.1, rotation=10, translation=0.1, drop=0.0
        ),
    )


def test_offline_training_of_the_paper() -> None:
    paper = preset("paper")
    assert paper.network is not None
    assert (paper.network.width, paper.network.norm, paper.network.fc_width) == (1.0, "none", 4096)
    assert paper.static is not None
    assert paper.recurrent is not None
    assert paper.recurrent.clip_length == 7
    for stage in (paper.static, paper.recurrent):
        assert (stage.epochs, stage.steps, stage.accumulate) == (10, None, 1)
        assert (stage.learning_rate, stage.final_learning_rate, stage.decay_power) == (
            1e-5,
            1e-6,
            0.9,
        )
        assert stage.balance == "classes"


def test_no_preset_stops_early_and_only_pretrained_blocks_are_frozen() -> None:
    stages = {n: p.finetune for n, p in PRESETS.items() if p.finetune is not None}
    assert all(stage.patience is None for stage in stages.values())
    assert {name: stage.frozen_blocks for name, stage in stages.items() if stage.frozen_blocks} == {
        "accurate": 2
    }


def test_an_unknown_preset_names_the_closest() -> None:
    with pytest.raises(InvalidInputError, match="did you mean small"):
        preset("smal")


def test_a_stage_for_boxes_goes_with_a_net_that_reads_profiles() -> None:
    small = preset("small")
    assert small.network is not None
    other = replace(small.network, roi_features="conv5_3")
    with pytest.raises(InvalidInputError, match=r"set network\.roi_features=profiles"):
        replace(small, network=other)
    replace(small, network=replace(other, localization=False))
