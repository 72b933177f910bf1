"""The estimate of memory against what a process really uses."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from maskrnn_core.options import NetworkOptions, Preset
from maskrnn_core.presets import preset
from tasks.machine.memory_needed import NetworkStage, memory_needed, offline_memory

ROOT = Path(__file__).resolve().parents[3]

# Peak memory of a process that trains, finetunes or segments, in bytes.
_UNIT = """
import json, sys
from dataclasses import replace
from maskrnn_core.inference import segment
from maskrnn_core.networks import build_network, weights_of
from maskrnn_core.options import ComputeOptions, NetworkOptions
from maskrnn_core.presets import preset
from maskrnn_core.synthetic import SyntheticOptions, synthetic_videos
from maskrnn_core.training.finetuning import finetune
from maskrnn_core.training.parent import train_parent
from tests.processes import peak_memory

stage, network, size, batch = json.loads(sys.argv[1])
small = preset("small")
chosen = replace(
    small,
    network=NetworkOptions(**network),
    static=replace(small.static, steps=1, batch_size=batch, localization=None),
    recurrent=None,
    finetune=replace(small.finetune, iterations=1),
)
compute = ComputeOptions(device="cpu", threads=1)
options = SyntheticOptions(size=tuple(size), frames_train=2, videos_train=1, object_counts=(1,))
video = synthetic_videos("train", options)[0]
if stage == "static":
    train_parent([video], chosen, compute)
else:
    weights = weights_of(build_network(chosen.network))
    if stage == "finetune":
        finetune(video, 1, weights, chosen, compute)
    else:
        for frame in segment(video, {1: weights}, chosen, compute):
            pass
print(peak_memory())
"""

SIZE = (192, 320)
LARGE = NetworkOptions(width=0.5, fc_width=2048)


def chosen(network: NetworkOptions, batch: int = 1) -> Preset:
    small = preset("small")
    assert small.static is not None
    return replace(
        small, network=network, static=replace(small.static, batch_size=batch, localization=None)
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("stage", "batch"), [("static", 3), ("finetune", 1), ("segment", 1)])
def test_within_a_factor_of_1_6_of_what_is_used(stage: NetworkStage, batch: int) -> None:
    network = {"width": LARGE.width, "fc_width": LARGE.fc_width}
    asked = json.dumps([stage, network, SIZE, batch])
    ran = subprocess.run(
        [sys.executable, "-c", _UNIT, asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    used = int(ran.stdout)
    assert used / 1.6 < memory_needed(stage, chosen(LARGE, batch), SIZE) < 1.6 * used


def test_it_grows_with_what_it_depends_on() -> None:
    stages: tuple[NetworkStage, ...] = ("static", "recurrent", "finetune", "segment")
    for stage in stages:
        base = memory_needed(stage, chosen(LARGE), SIZE)
        assert memory_needed(stage, chosen(LARGE), (400, 400)) > base
        wider = replace(LARGE, width=1.0)
        assert memory_needed(stage, chosen(wider), SIZE) > base
    assert memory_needed("static", chosen(LARGE, 2), SIZE) > memory_needed(
        "static", chosen(LARGE), SIZE
    )
    assert memory_needed("segment", chosen(LARGE), SIZE, 3) > memory_needed(
        "segment", chosen(LARGE), SIZE
    )
    guided = preset("osvos-s")
    alone = replace(guided, inference=replace(guided.inference, instances=None))
    assert memory_needed("segment", guided, SIZE) > memory_needed("segment", alone, SIZE)


def test_offline_training_takes_what_its_largest_stage_takes() -> None:
    small = chosen(LARGE)
    assert small.recurrent is not None
    recurrent = memory_needed("recurrent", small, SIZE)
    assert offline_memory(small, SIZE) == recurrent
    light = replace(small, recurrent=replace(small.recurrent, checkpoint_activations=True))
    assert memory_needed("static", small, SIZE) < offline_memory(light, SIZE) < recurrent
    assert offline_memory(preset("propagate"), SIZE) == 0
