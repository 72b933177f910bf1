"""Which stages follow which, by preset and by the stage with which a run ends."""

from dataclasses import replace

import pytest

from storage.kinds.checkpoints import FINETUNED
from storage.kinds.predictions import PREDICTIONS
from storage.runs.names import RecordName, Role, StageKind
from tasks import keys
from tasks.inputs.ablation import ablation_configurations
from tasks.inputs.configuration import Configuration, configure
from tasks.keys import PreparedVideo
from tasks.plan.run_order import in_order, preset_stages, shared_stages, trainings, unneeded
from tasks.units import EVALUATIONS

VIDEO = PreparedVideo("bear", "k", "content", "f", (1, 4), 9)
NEEDS_ALL = ["finetune small/1", "finetune small/4", "segment small", "evaluate small"]


@pytest.mark.parametrize(
    ("role", "last", "stages"),
    [
        ("video", "ingest", ["ingest"]),
        ("video", "flow", ["ingest", "flow"]),
        ("video", "train", []),
        ("video", "evaluate", ["ingest", "flow"]),
        ("train", "train", ["ingest", "flow"]),
        ("train", "evaluate", ["ingest", "flow"]),
    ],
)
def test_what_all_presets_share(role: Role, last: StageKind, stages: list[str]) -> None:
    assert [str(stage) for stage in shared_stages(role, last)] == stages


@pytest.mark.parametrize(
    ("preset", "video", "parent", "protocol", "names"),
    [
        ("small", VIDEO, "p", "davis2017", NEEDS_ALL),
        ("small", VIDEO, "p", None, NEEDS_ALL[:3]),
        ("small", None, "p", None, ["finetune small", "segment small"]),
        ("small", VIDEO, None, None, ["finetune small", "segment small"]),
        ("small", replace(VIDEO, objects=()), "p", None, ["segment small"]),
        ("propagate", VIDEO, None, "davis2017", ["segment propagate", "evaluate propagate"]),
        ("propagate", None, None, None, ["segment propagate"]),
    ],
)
def test_stages_of_a_preset(
    preset: str,
    video: PreparedVideo | None,
    parent: str | None,
    protocol: str | None,
    names: list[str],
) -> None:
    configuration = configure(preset, {})
    stages = preset_stages(video, parent, configuration, protocol)
    assert [str(stage.name) for stage in stages] == names
    is_known = video is not None and (parent is not None or preset == "propagate")
    assert all((stage.key is not None) == is_known for stage in stages)


def test_keys_are_those_of_the_stages_before() -> None:
    small = configure("small", {})
    first, second, segment, evaluate = preset_stages(VIDEO, "p", small, "davis2017")
    finetuned = {
        i: keys.finetuned_key(VIDEO, i, "p", small.preset, small.compute) for i in VIDEO.objects
    }
    prediction = keys.prediction_key(VIDEO, finetuned, small.preset, small.compute)
    assert [(s.kind, s.key) for s in (first, second)] == [
        (FINETUNED, finetuned[1]),
        (FINETUNED, finetuned[4]),
    ]
    assert (segment.kind, segment.key) == (PREDICTIONS, prediction)
    expected = EVALUATIONS, keys.evaluation_key(VIDEO, prediction, "davis2017")
    assert (evaluate.kind, evaluate.key) == expected


def test_weights_are_needed_until_the_prediction_is_there() -> None:
    stages = preset_stages(VIDEO, "p", configure("small", {}), "davis2017")
    prediction = PREDICTIONS, stages[2].key
    assert unneeded(stages, lambda *_: False) == set()
    assert unneeded(stages, lambda *artifact: artifact != prediction) == set()
    found = unneeded(stages, lambda *artifact: artifact == prediction)
    assert [str(name) for name in sorted(found, key=str)] == NEEDS_ALL[:2]


def without_finetuning(configuration: Configuration) -> Configuration:
    preset = replace(configuration.preset, name="offline", finetune=None)
    return replace(configuration, preset=preset)


def test_equal_networks_and_offline_stages_share_a_parent() -> None:
    small = configure("small", {})
    several = [small, configure("propagate", {}), without_finetuning(small)]
    [training] = trainings(several)
    assert training.record == RecordName("parent", "small")
    assert (training.presets, training.after) == (("small", "offline"), None)
    assert [c.preset.name for c in in_order(several)] == ["propagate", "small", "offline"]
    assert trainings([configure("propagate", {})]) == []


def test_a_static_parent_comes_before_the_one_that_starts_from_it() -> None:
    found = trainings(ablation_configurations(configure("small", {})))
    before = {training.record: place for place, training in enumerate(found)}
    after = [training for training in found if training.after is not None]
    assert after
    for training in after:
        assert training.configuration.preset.recurrent is not None
        assert training.after is not None
        assert before[training.after] < before[training.record]
    names = [name for training in found for name in training.presets]
    assert len(names) == len(set(names)) == 12
