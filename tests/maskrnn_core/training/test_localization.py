"""The stage that teaches the localization net to read answers, from imitations of them."""

from dataclasses import replace

import cv2
import numpy as np
import torch

from maskrnn_core.compute import resolve_compute
from maskrnn_core.networks import MaskRNN, build_network
from maskrnn_core.options import LocalizationOptions, StaticOptions
from maskrnn_core.training.curve import CurvePoint
from maskrnn_core.training.finetuning import finetune
from maskrnn_core.training.localization import train_localization
from maskrnn_core.training.parent import train_parent
from maskrnn_core.training.recorder import Recorder
from maskrnn_core.video import UInt8Array, Video
from tests.maskrnn_core.conftest import ArrayVideo
from tests.maskrnn_core.training.tiny_preset import CPU, FINETUNE, NETWORK, STATIC, TINY

PROFILES = replace(NETWORK, roi_features="profiles")
APART = replace(
    TINY,
    network=PROFILES,
    static=replace(STATIC, localization=LocalizationOptions(steps=2), localization_weight=0.0),
    finetune=replace(FINETUNE, localization_weight=0.0),
)


def test_the_stage_comes_first_and_leaves_the_segmentation_net(video: Video) -> None:
    parts = []
    for steps in (2, 3):
        static = replace(APART.static, steps=0, localization=LocalizationOptions(steps=steps))  # type: ignore[type-var]
        parts.append(train_parent([video], replace(APART, static=static, recurrent=None), CPU))
    changed = {n for n in parts[0].weights if (parts[0].weights[n] != parts[1].weights[n]).any()}
    assert changed
    assert all(name.startswith("localization.") for name in changed)
    whole = train_parent([video], APART, CPU)
    assert [p.stage for p in whole.curve[:3]] == ["localization", "localization", "static"]
    first = whole.curve[0]
    assert first.loss == first.box_loss
    assert (first.mask_loss, first.J) == (None, None)


def test_no_later_stage_changes_it(video: Video) -> None:
    """They still tell how it does on the answers that the network gives by then."""
    static = replace(APART.static, steps=0)  # type: ignore[type-var]
    alone = train_parent([video], replace(APART, static=static, recurrent=None), CPU)
    parent = train_parent([video], APART, CPU)
    tuned = finetune(video, 1, parent.weights, APART, CPU)
    for name in (n for n in alone.weights if n.startswith("localization.")):
        np.testing.assert_array_equal(parent.weights[name], alone.weights[name])
        np.testing.assert_array_equal(tuned.weights[name], alone.weights[name])
    told = next(p for p in parent.curve if p.stage == "static")
    assert told.loss == told.mask_loss
    assert told.box_iou is not None


def test_it_mends_proposals_around_objects_that_it_never_saw() -> None:
    """Trained on ellipses, asked for rectangles: a mean IoU of 0.82 or more, from 0.77."""
    torch.manual_seed(0)
    network = build_network(replace(PROFILES, fc_width=64))
    learning = LocalizationOptions(steps=120, batch_size=8, learning_rate=2e-3)
    _train(network, _shapes(rectangles=False), learning)
    asked = LocalizationOptions(steps=10, batch_size=8, learning_rate=0.0)
    curve = _train(network, _shapes(rectangles=True), asked)
    before = np.mean([point.proposal_iou or 0 for point in curve])
    after = np.mean([point.box_iou or 0 for point in curve])
    assert before < 0.78
    assert after >= 0.82


def _train(network: MaskRNN, video: ArrayVideo, options: LocalizationOptions) -> list[CurvePoint]:
    recorder, static = Recorder(network), StaticOptions(localization=options)
    train_localization(network, [video], static, resolve_compute(CPU), recorder)
    return recorder.curve


def _shapes(*, rectangles: bool) -> ArrayVideo:
    """Thirty frames with a random ellipse or rectangle each."""
    rng = np.random.default_rng(5)
    label_maps: list[UInt8Array | None] = []
    for _ in range(30):
        label_map = np.zeros((120, 160), np.uint8)
        centre = rng.integers((50, 40), (110, 80))
        if rectangles:
            box = (centre.tolist(), rng.uniform(20, 60, 2).tolist(), rng.uniform(0, 180))
            cv2.fillPoly(label_map, [cv2.boxPoints(box).astype(np.int32)], 1)
        else:
            axes = rng.integers(10, 36, 2).tolist()
            cv2.ellipse(label_map, centre.tolist(), axes, rng.uniform(0, 180), 0, 360, 1, -1)
        label_maps.append(label_map)
    blank = np.zeros((120, 160, 3), np.uint8)
    return ArrayVideo([blank] * 30, label_maps)
