"""A key changes with everything that went into its artifact, and with nothing else."""

import dataclasses

import pytest

from maskrnn_core.ablation import ABLATION
from maskrnn_core.options import ComputeOptions, InferenceOptions, Preset
from maskrnn_core.presets import preset
from tasks import keys
from tasks.keys import PreparedVideo

VIDEO = PreparedVideo("libby", "key", "content", "flow", (1, 2), 49)
SMALL = preset("small")
COMPUTE = ComputeOptions()


def changed(base: Preset, stage: str, **fields: object) -> Preset:
    options = dataclasses.replace(getattr(base, stage), **fields)
    return dataclasses.replace(base, **{stage: options})


def all_keys(video: PreparedVideo, of: Preset, compute: ComputeOptions) -> dict[str, str]:
    parent = keys.parent_key([video], of, compute)
    finetuned = {i: keys.finetuned_key(video, i, parent, of, compute) for i in video.objects}
    prediction = keys.prediction_key(video, finetuned, of, compute)
    evaluation = keys.evaluation_key(video, prediction, "davis2016")
    return {
        "parent": parent,
        "finetuned": finetuned[1],
        "prediction": prediction,
        "evaluation": evaluation,
    }


def differing(video: PreparedVideo, of: Preset, compute: ComputeOptions = COMPUTE) -> set[str]:
    before, after = all_keys(VIDEO, SMALL, COMPUTE), all_keys(video, of, compute)
    return {name for name in before if before[name] != after[name]}


ALL = {"parent", "finetuned", "prediction", "evaluation"}


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (dataclasses.replace(SMALL, name="renamed"), set()),
        (changed(SMALL, "network", width=0.5), ALL),
        (changed(SMALL, "static", steps=3), ALL),
        (changed(SMALL, "recurrent", seed=7), ALL),
        (changed(SMALL, "finetune", iterations=3), ALL - {"parent"}),
        (changed(SMALL, "inference", threshold=0.4), {"prediction", "evaluation"}),
        (dataclasses.replace(SMALL, carry="first"), set()),
    ],
)
def test_options_change_what_depends_on_them(of: Preset, expected: set[str]) -> None:
    assert differing(VIDEO, of) == expected


def test_the_ablation_shares_all_that_is_trained_alike() -> None:
    made = [
        all_keys(VIDEO, row.preset(SMALL, finetuned=True), COMPUTE) | {"row": row.name}
        for row in ABLATION
    ]
    for kind, different in (("parent", 4), ("finetuned", 4), ("prediction", 6)):
        assert len({found[kind] for found in made}) == different
    by_row = {found["row"]: found for found in made}
    assert by_row["fstream"]["finetuned"] == by_row["warp"]["finetuned"]
    assert by_row["loc-train"]["finetuned"] == by_row["loc-apply"]["finetuned"]
    # A recurrent stage does warp, or not.
    unwarped = changed(SMALL, "network", mask_input="previous")
    assert keys_of_parent(unwarped) != keys_of_parent(SMALL)


def keys_of_parent(of: Preset) -> str:
    return keys.parent_key([VIDEO], of, COMPUTE)


@pytest.mark.parametrize(
    ("video", "expected"),
    [
        (dataclasses.replace(VIDEO, name="other", key="other"), set()),
        (dataclasses.replace(VIDEO, content_digest="other"), ALL),
        (dataclasses.replace(VIDEO, flow_key="other"), ALL),
    ],
)
def test_content_changes_all_but_names_do_not(video: PreparedVideo, expected: set[str]) -> None:
    assert differing(video, SMALL) == expected


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        (ComputeOptions(device="cpu"), ALL),
        (ComputeOptions(precision="float32"), ALL),
        (ComputeOptions(threads=2), ALL),
    ],
)
def test_compute_counts_when_asked_for(compute: ComputeOptions, expected: set[str]) -> None:
    assert differing(VIDEO, SMALL, compute) == expected


def test_parent_depends_on_order_and_start() -> None:
    other = dataclasses.replace(VIDEO, content_digest="other")
    forward = keys.parent_key([VIDEO, other], SMALL, COMPUTE)
    assert forward != keys.parent_key([other, VIDEO], SMALL, COMPUTE)
    assert forward != keys.parent_key([VIDEO, other], SMALL, COMPUTE, initial="vgg")


def test_presets_without_network_depend_on_their_way_to_carry() -> None:
    warped, first = (
        keys.prediction_key(VIDEO, {}, preset(name), COMPUTE)
        for name in ("propagate", "first-frame")
    )
    assert warped != first


def test_prediction_ignores_the_order_in_which_weights_came() -> None:
    one = keys.prediction_key(VIDEO, {1: "a", 2: "b"}, SMALL, COMPUTE)
    assert one == keys.prediction_key(VIDEO, {2: "b", 1: "a"}, SMALL, COMPUTE)
    assert one != keys.prediction_key(VIDEO, {1: "b", 2: "a"}, SMALL, COMPUTE)


def test_threshold_of_inference_is_in_no_key_of_weights() -> None:
    options = InferenceOptions(threshold=0.3)
    other = dataclasses.replace(SMALL, inference=options)
    assert keys.parent_key([VIDEO], other, COMPUTE) == keys.parent_key([VIDEO], SMALL, COMPUTE)


def test_keys_are_the_same_in_every_version() -> None:
    # Written down once: a change of these strands every existing store.
    assert keys.flow_key("content", "estimator").startswith("fd8baa7632416177")
    assert keys.evaluation_key(VIDEO, "prediction", "davis2016").startswith("c993e23768d9fc22")
