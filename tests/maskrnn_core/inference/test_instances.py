"""Which instances are an object, and what they add to its network's answer."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from maskrnn_core.compute import Compute
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.inference.carriers import carried
from maskrnn_core.inference.instances import InstanceGuide
from maskrnn_core.inference.network_tracker import NetworkTracker
from maskrnn_core.inference.one_frame import object_tracker
from maskrnn_core.inference.state import TrackState
from maskrnn_core.inference.tracker import Tracker
from maskrnn_core.networks import build_network, weights_of
from maskrnn_core.networks.instance_detector import Instances
from maskrnn_core.options import InferenceOptions, InstanceOptions
from maskrnn_core.presets import preset
from tests.maskrnn_core.inference.answers import Answers

SIZE = (32, 48)
WHOLE = (slice(0, 32), slice(0, 48))
FRAME = torch.zeros(1, 3, *SIZE)
CPU = Compute(torch.device("cpu"), bfloat16=False)
RIDER, HORSE, CAR = 1, 19, 3


def box(x: int, y: int, width: int = 10, height: int = 10) -> Tensor:
    mask = torch.zeros(SIZE)
    mask[y : y + height, x : x + width] = 1
    return mask


class Detector:
    """Finds prepared instances in every frame."""

    def __init__(self, **by_name: tuple[int, Tensor]) -> None:
        found = by_name.values()
        self.instances = Instances(
            torch.stack([mask for _, mask in found]) if found else torch.zeros(0, *SIZE),
            tuple(category for category, _ in found),
        )

    def find(self, frame: Tensor) -> Instances:
        return self.instances


def guide(detector: Detector, **options: float) -> InstanceGuide:
    return InstanceGuide(detector, InstanceOptions(**options))  # type: ignore[arg-type]


RIDING = Detector(
    rider=(RIDER, box(10, 0)),
    horse=(HORSE, box(10, 10)),
    spectator=(RIDER, box(36, 10)),
    car=(CAR, box(0, 22)),
)


def test_the_categories_are_those_of_the_instances_in_the_mask() -> None:
    both = box(10, 0, 10, 20) > 0
    assert guide(RIDING).categories(FRAME, both) == {RIDER, HORSE}
    assert guide(RIDING).categories(FRAME, box(10, 10) > 0) == {HORSE}


def test_an_object_that_instances_do_not_cover_has_no_categories() -> None:
    large = box(0, 0, 30, 30) > 0
    assert guide(RIDING).categories(FRAME, large) == frozenset()
    assert guide(Detector()).categories(FRAME, large) == frozenset()


def test_instances_speak_for_their_pixels_and_against_all_others() -> None:
    answer = box(10, 0, 12, 20) > 0
    told = guide(RIDING).evidence(FRAME, WHOLE, answer, frozenset({RIDER, HORSE}))
    assert told is not None
    np.testing.assert_array_equal(told, torch.where(box(10, 0, 10, 20) > 0, 2.0, -2.0))
    twice = guide(RIDING, weight=4.0).evidence(FRAME, WHOLE, answer, frozenset({RIDER, HORSE}))
    torch.testing.assert_close(twice, 2 * told)


def test_instances_of_other_categories_or_elsewhere_say_nothing() -> None:
    answer = box(10, 0, 12, 20) > 0
    assert guide(RIDING).evidence(FRAME, WHOLE, answer, frozenset({CAR})) is None
    assert guide(RIDING).evidence(FRAME, WHOLE, answer, frozenset()) is None
    # A rider alone covers too little of what is said to be horse and rider.
    large = box(0, 0, 30, 30) > 0
    assert guide(RIDING).evidence(FRAME, WHOLE, large, frozenset({RIDER})) is None


def test_a_window_sees_its_part_of_the_instances() -> None:
    window = (slice(0, 20), slice(5, 25))
    answer = box(10, 0, 10, 20)[window] > 0
    told = guide(RIDING).evidence(FRAME, window, answer, frozenset({RIDER, HORSE}))
    assert told is not None
    np.testing.assert_array_equal(told > 0, answer)


def test_a_guided_network_keeps_the_instance_and_drops_doubtful_pixels() -> None:
    answer = torch.maximum(0.9 * box(10, 0, 10, 20), 0.8 * box(20, 0, 4, 20))
    options = InferenceOptions(gate=False)
    steps = {}
    for name, chosen in {"guided": guide(RIDING), "alone": None}.items():
        tracker = NetworkTracker(Answers(answer), options, CPU, warp_mask=True, guide=chosen)
        given = tracker.start(carried(box(10, 0, 10, 20)), FRAME)
        assert given.categories == ({RIDER, HORSE} if chosen else frozenset())
        steps[name] = tracker.step(given, FRAME, None, None)
        assert steps[name].state is TrackState.TRACKED
        assert steps[name].categories == given.categories
    np.testing.assert_array_equal(steps["guided"].probability >= 0.5, box(10, 0, 10, 20) > 0)
    np.testing.assert_array_equal(steps["alone"].probability >= 0.5, box(10, 0, 14, 20) > 0)


def test_a_tracker_goes_on_with_the_categories_that_it_told() -> None:
    def tracker() -> Tracker:
        networks = {
            number: NetworkTracker(
                Answers(box(10, 10)), InferenceOptions(), CPU, warp_mask=True, guide=guide(RIDING)
            )
            for number in (1, 2, 3)
        }
        return Tracker(networks, InferenceOptions(), CPU.device)

    first, frame = tracker(), np.zeros((*SIZE, 3), np.uint8)
    masks = {1: box(0, 0), 2: box(10, 10), 3: box(10, 0, 10, 20)}
    for number, mask in masks.items():
        first.start(number, (mask > 0).numpy(), frame)
    second = tracker()
    second.load_state(first.state())
    found = {number: state.categories for number, state in second.objects.items()}
    assert found == {1: frozenset(), 2: {HORSE}, 3: {RIDER, HORSE}}


def test_without_a_detector_the_preset_is_refused() -> None:
    guided = preset("osvos-s")
    assert guided.network is not None
    weights = weights_of(build_network(guided.network))
    with pytest.raises(InvalidInputError, match=r"osvos-s is guided by instances.*instances to No"):
        object_tracker(guided, weights, CPU)
    alone = replace(guided, inference=replace(guided.inference, instances=None))
    assert object_tracker(alone, weights, CPU)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"least_score": 0.0}, "least_score=0.0: give a share"),
        ({"least_overlap": 1.5}, "least_overlap=1.5"),
        ({"short_side": 8}, "short_side=8: the detector needs 32 pixels"),
    ],
)
def test_options_that_mean_nothing(options: dict[str, float], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        InstanceOptions(**options)  # type: ignore[arg-type]
