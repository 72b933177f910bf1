from typing import Any

import pytest

from tasks.inputs.default_preset import with_preset


def test_without_any_weights_it_learns_from_the_first_mask() -> None:
    fields, line = with_preset({"store": "s"})
    assert fields == {"store": "s", "preset": "lucid"}
    assert "lucid" in line
    assert "minutes per object" in line


@pytest.mark.parametrize(
    ("asked", "preset"),
    [
        ({"preset": "propagate"}, "propagate"),
        ({"preset": None, "parent": "p.safetensors"}, "small"),
        ({"initial_weights": "own.pth"}, "small"),
        ({"initial_weights": "vgg16-hed"}, "oneshot"),
        ({"initial_weights": None, "parent": None}, "lucid"),
        ({"until": "train"}, "small"),
        ({"ablation": True}, "small"),
    ],
)
def test_what_the_user_names_decides(asked: dict[str, Any], preset: str) -> None:
    fields, line = with_preset(asked)
    assert fields == {**asked, "preset": preset}
    assert bool(line) == (asked.get("preset") is None)
