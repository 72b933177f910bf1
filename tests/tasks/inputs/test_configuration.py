"""Overrides reach the options, and errors name the valid ones."""

from pathlib import Path

import pytest

from maskrnn_core.errors import InvalidInputError
from tasks.errors import ParameterError
from tasks.inputs.configuration import configure, preset_names


def test_overrides_of_every_kind() -> None:
    found = configure(
        "small",
        {
            "finetune.iterations": "50",
            "finetune.augmentation.scale": "[0.9, 1.1]",
            "inference.feedback": "fused",
            "recurrent": "none",
            "static.steps": "none",
            "compute.device": "cpu",
            "synthetic.size": "[48, 64]",
        },
    )
    assert found.preset.finetune is not None
    assert found.preset.finetune.iterations == 50
    assert found.preset.finetune.augmentation.scale == (0.9, 1.1)
    assert found.preset.inference.feedback == "fused"
    assert found.preset.recurrent is None
    assert found.preset.static is not None
    assert found.preset.static.steps is None
    assert found.compute.device == "cpu"
    assert found.synthetic.size == (48, 64)


def test_without_overrides_a_preset_is_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "maskrcnn.pth").write_bytes(b"read by osvos-s for its digest alone")
    monkeypatch.setenv("MASKRNN_WEIGHTS", str(tmp_path))
    for name in preset_names():
        assert configure(name, {}).preset.name == name


def test_an_option_of_a_stage_left_out_brings_the_stage_back() -> None:
    found = configure("osvos", {"recurrent.steps": "3"})
    assert found.preset.recurrent is not None
    assert found.preset.recurrent.steps == 3


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("finetune.iters", "3", "valid are .*finetune.iterations"),
        ("foo", "3", "unknown option 'foo'; valid are network"),
        ("finetune.iteration", "3", "did you mean finetune.iterations?"),
        ("finetun.iterations", "3", "did you mean finetune.iterations?"),
        ("network.widht", "1", "did you mean network.width?"),
        ("compute.devise", "cpu", "did you mean compute.device?"),
        ("syntetic.size", "1", "did you mean synthetic.size?"),
        ("finetune", "3", "group of options"),
        ("compute.dev", "x", "valid are compute.device"),
        ("compute.device", "gpu", "'cpu' or 'cuda'"),
        ("finetune.iterations", "many", "valid integer"),
        ("synthetic.size", "[1, 2]", "at least 32"),
        ("inference.box_scale.x", "1", "unknown option"),
        ("name", "other", "unknown option"),
    ],
)
def test_mistakes(key: str, value: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message.replace("[", r"\[").replace("?", r"\?")):
        configure("small", {key: value})


def test_unknown_preset() -> None:
    with pytest.raises(InvalidInputError, match="did you mean small"):
        configure("smal", {})


def test_none_can_be_the_name_of_a_choice() -> None:
    network = configure("small", {"network.norm": "none", "network.mask_input": "none"})
    assert network.preset.network is not None
    assert (network.preset.network.norm, network.preset.network.mask_input) == ("none", "none")
