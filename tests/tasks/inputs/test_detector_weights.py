"""The detector's weights: found, part of the keys, refused where they are missing or others."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.models.detection import maskrcnn_resnet50_fpn_v2

from maskrnn_core.errors import IncompatibleWeightsError
from maskrnn_core.networks import build_network, weights_of
from maskrnn_core.options import ComputeOptions, Preset
from maskrnn_core.synthetic import SyntheticVideo
from maskrnn_core.synthetic.options import SyntheticOptions
from tasks.errors import ParameterError
from tasks.inputs.configuration import configure
from tasks.inputs.detector_weights import detector_digest, detector_for
from tasks.inputs.known_weights import get_weights, known_weights
from tasks.keys import PreparedVideo, prediction_key
from tasks.units.segmenters import segmenter_for

CPU = ComputeOptions(device="cpu", precision="float32", threads=1)
TINY = {
    "network.width": "0.0625",
    "inference.instances.short_side": "64",
    "inference.instances.least_score": "0.01",
}


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The weights folder, empty."""
    monkeypatch.setenv("MASKRNN_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TORCH_HOME", raising=False)
    return tmp_path


@pytest.fixture
def file(folder: Path) -> Path:
    """Random weights."""
    torch.manual_seed(0)
    network = maskrcnn_resnet50_fpn_v2(weights=None, weights_backbone=None)
    torch.save(network.state_dict(), folder / "maskrcnn.pth")
    return folder / "maskrcnn.pth"


def guided() -> Preset:
    return configure("osvos-s", TINY).preset


def test_a_guided_preset_names_the_command_that_gets_the_weights() -> None:
    with pytest.raises(ParameterError, match=r"maskrnn weights get maskrcnn.*instances=none"):
        guided()
    assert configure("osvos-s", {"inference.instances": "none"}).preset.detector is None


def test_the_weights_are_part_of_the_key_of_what_they_guide(folder: Path) -> None:
    video = PreparedVideo("bear", "video", "content", "flow", (1,), 3)
    found = []
    for content in (b"one", b"other"):
        (folder / "maskrcnn.pth").write_bytes(content)
        chosen = guided()
        assert chosen.detector == detector_digest()
        found.append(prediction_key(video, {1: "weights"}, chosen, CPU))
    assert found[0] != found[1]


def test_a_worker_refuses_other_weights_than_those_of_the_run(folder: Path) -> None:
    (folder / "maskrcnn.pth").write_bytes(b"one")
    chosen = guided()
    (folder / "maskrcnn.pth").write_bytes(b"other")
    with pytest.raises(ParameterError, match="but the run began with"):
        detector_for(chosen, CPU)


def test_a_truncated_file_and_one_of_another_network(folder: Path, file: Path) -> None:
    with file.open("r+b") as opened:
        opened.truncate(1_000_000)
    with pytest.raises(ParameterError, match=r"maskrcnn\.pth holds no readable weights"):
        detector_for(guided(), CPU)
    torch.save({"features.0.weight": torch.zeros(3)}, file)
    with pytest.raises(IncompatibleWeightsError, match="not those of torchvision's maskrcnn"):
        detector_for(guided(), CPU)


def test_a_video_is_segmented_with_a_detector_of_random_weights(file: Path) -> None:
    chosen = replace(guided(), finetune=None)
    assert chosen.network is not None
    torch.manual_seed(1)
    weights = weights_of(build_network(chosen.network))
    video = SyntheticVideo(
        "val", 0, SyntheticOptions(size=(48, 64), frames_val=3, object_counts=(2,))
    )
    frames = list(segmenter_for(video, dict.fromkeys(video.objects, weights), chosen, CPU).frames())
    assert len(frames) == video.frame_count
    annotation = video.annotation(0)
    assert annotation is not None
    np.testing.assert_array_equal(frames[0].label_map, annotation)
    assert {row.name: row.file for row in known_weights()}["maskrcnn"] == file
    assert get_weights("maskrcnn") == file
