from pathlib import Path
from typing import Any

import pytest

from tasks.inputs.own_video_preset import with_preset


@pytest.fixture(autouse=True)
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder with weights; it is empty."""
    monkeypatch.setenv("MASKRNN_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "none"))
    return tmp_path


def test_without_the_trunk_it_is_small_and_the_command_is_named(weights: Path) -> None:
    fields, line = with_preset({"store": "s"})
    assert fields == {"store": "s", "preset": "small"}
    assert "maskrnn weights get vgg16-hed" in line


def test_with_the_trunk_it_is_oneshot(weights: Path) -> None:
    (weights / "vgg16-hed.safetensors").touch()
    fields, line = with_preset({})
    assert fields == {"preset": "oneshot", "initial_weights": "vgg16-hed"}
    assert "oneshot" in line


@pytest.mark.parametrize(
    ("asked", "preset"),
    [
        ({"preset": "propagate"}, "propagate"),
        ({"preset": None, "parent": "p.safetensors"}, "small"),
        ({"initial_weights": "own.pth"}, "small"),
        ({"initial_weights": "vgg16-hed"}, "oneshot"),
    ],
)
def test_what_the_user_names_decides(weights: Path, asked: dict[str, Any], preset: str) -> None:
    (weights / "vgg16-hed.safetensors").touch()
    assert with_preset(asked)[0] == {**asked, "preset": preset}
