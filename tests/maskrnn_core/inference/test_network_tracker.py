"""Gate, lost state and re-acquisition, with a network whose outputs the test sets."""

import numpy as np
import pytest
import torch
from torch import Tensor

from maskrnn_core.compute import Compute
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.geometry.boxes import encode_box
from maskrnn_core.inference.carriers import carried
from maskrnn_core.inference.mask_filters import gate
from maskrnn_core.inference.network_tracker import NetworkTracker
from maskrnn_core.inference.state import ObjectFrame, TrackState
from maskrnn_core.inference.tracker import Tracker
from maskrnn_core.networks import Segmentation, build_network
from maskrnn_core.options import InferenceOptions, NetworkOptions
from tests.maskrnn_core.inference.answers import Answers

SIZE = (32, 48)
CPU = Compute(torch.device("cpu"), bfloat16=False)


def _square(x: int, y: int, value: float = 0.95, side: int = 10) -> Tensor:
    probability = torch.zeros(SIZE)
    probability[y : y + side, x : x + side] = value
    return probability


def _step(
    network: Answers, previous: ObjectFrame, options: InferenceOptions | None = None
) -> tuple[NetworkTracker, ObjectFrame]:
    tracker = NetworkTracker(network, options or InferenceOptions(), CPU, warp_mask=True)
    frame = torch.zeros(1, 3, *SIZE)
    return tracker, tracker.step(previous, frame, None, torch.zeros(1, 2, *SIZE))


def test_the_box_discards_what_lies_outside() -> None:
    answer = torch.maximum(_square(8, 8), _square(36, 20))
    _, result = _step(Answers(answer, [0, 0, 0, 0]), carried(_square(8, 8)))
    assert result.state is TrackState.TRACKED
    assert result.probability[20:30, 36:46].max() == 0
    assert result.probability[8:18, 8:18].min() > 0.9
    _, ungated = _step(
        Answers(answer, [0, 0, 0, 0]), carried(_square(8, 8)), InferenceOptions(gate=False)
    )
    assert ungated.probability[20:30, 36:46].min() > 0.9


def test_the_regressed_box_moves_the_gate() -> None:
    proposal = np.array([8, 8, 18, 18], np.float32)
    target = np.array([30, 12, 40, 22], np.float32)
    deltas = encode_box(proposal, target).tolist()
    _, result = _step(Answers(_square(30, 12), deltas), carried(_square(8, 8)))
    np.testing.assert_allclose(result.box, target, atol=1e-3)
    assert result.probability[12:22, 30:40].min() > 0.9


def test_a_box_that_leaves_the_frame_falls_back_to_the_proposal() -> None:
    _, result = _step(Answers(_square(8, 8), [900, 0, 0, 0]), carried(_square(8, 8)))
    np.testing.assert_allclose(result.box, [8, 8, 18, 18])
    assert result.probability[8:18, 8:18].min() > 0.9


def test_a_box_in_the_padding_falls_back_to_the_proposal() -> None:
    size = (32, 40)
    sliver = torch.zeros(size)
    sliver[8:18, 37:] = 0.95
    deltas = encode_box(
        np.array([37, 8, 40, 18], np.float32), np.array([41, 8, 44, 18], np.float32)
    ).tolist()
    tracker = NetworkTracker(Answers(sliver, deltas), InferenceOptions(), CPU, warp_mask=True)
    frame, still = torch.zeros(1, 3, *size), torch.zeros(1, 2, *size)
    result = tracker.step(carried(sliver), frame, None, still)
    assert result.state is TrackState.TRACKED
    np.testing.assert_allclose(result.box, [37, 8, 40, 18])


def test_an_object_that_is_gone_after_its_given_mask_is_searched_by_its_size() -> None:
    network = Answers(_square(30, 20, value=0.9, side=1))
    follower = NetworkTracker(network, InferenceOptions(gate=False), CPU, warp_mask=True)
    tracker = Tracker({1: follower}, InferenceOptions(), CPU.device)
    frame = np.zeros((*SIZE, 3), np.uint8)
    tracker.start(1, _square(8, 8).numpy() > 0.5, frame)
    tracker.cut()
    objects, label_map = tracker.step(frame, None, None)
    assert objects[1].state is TrackState.LOST
    assert not label_map.any()


def test_an_empty_mask_is_lost_and_its_box_grows_to_the_frame() -> None:
    network = Answers(torch.full(SIZE, 0.1))
    previous = carried(_square(20, 10))
    tracker, lost = _step(network, previous)
    empty = ObjectFrame(torch.zeros(SIZE), TrackState.TRACKED, previous.box)
    areas = []
    for _ in range(12):
        empty = tracker.step(empty, torch.zeros(1, 3, *SIZE), None, torch.zeros(1, 2, *SIZE))
        assert empty.state is TrackState.LOST
        assert not empty.probability.any()
        areas.append(float((empty.box[2] - empty.box[0]) * (empty.box[3] - empty.box[1])))
    assert areas == sorted(areas)
    assert areas[-1] == SIZE[0] * SIZE[1]
    assert not network.masks[-1].any()
    assert lost.state is TrackState.TRACKED


@pytest.mark.parametrize(("value", "state"), [(0.95, TrackState.TRACKED), (0.6, TrackState.LOST)])
def test_a_lost_object_is_found_by_a_confident_component(value: float, state: TrackState) -> None:
    box = np.array([0, 0, 48, 32], np.float32)
    previous = ObjectFrame(torch.zeros(SIZE), TrackState.LOST, box)
    _, result = _step(Answers(_square(30, 12, value)), previous)
    assert result.state is state
    assert bool(result.probability.any()) is (state is TrackState.TRACKED)


def test_the_gate_keeps_pixels_whose_centre_is_inside() -> None:
    kept = gate(torch.ones(4, 6), np.array([1.5, 0.6, 4.4, 2.5], np.float32))
    assert kept.tolist() == [
        [0, 0, 0, 0, 0, 0],
        [0, 1, 1, 1, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ]


@pytest.mark.parametrize(("seen", "state"), [(0.0, TrackState.TRACKED), (2000.0, TrackState.LOST)])
def test_what_is_found_again_has_about_the_area_it_had(seen: float, state: TrackState) -> None:
    box = np.array([0, 0, 48, 32], np.float32)
    previous = ObjectFrame(torch.zeros(SIZE), TrackState.LOST, box, seen)
    _, result = _step(Answers(_square(30, 12)), previous)
    assert result.state is state
    assert result.seen_area == (100.0 if state is TrackState.TRACKED else seen)


class _AnswersWithoutMask(Answers):
    """Another answer where no mask is given."""

    def __init__(self, answer: Tensor, without: Tensor) -> None:
        super().__init__(answer)
        self._without = Answers(without)

    def forward(self, frame: Tensor, mask: Tensor, magnitudes: Tensor | None) -> Segmentation:
        if mask.any():
            return super().forward(frame, mask, magnitudes)
        return self._without.forward(frame, mask, magnitudes)


_SHRUNK = ObjectFrame(_square(8, 8), TrackState.TRACKED, np.array([4, 4, 28, 28], np.float32), 300)
"""An object of 300 pixels of which 100 are left."""


@pytest.mark.parametrize(("share", "area"), [(None, 100), (0.2, 100), (0.5, 256)])
def test_a_mask_that_shrinks_is_searched_again_without_it(share: float | None, area: int) -> None:
    network = _AnswersWithoutMask(_square(8, 8), _square(8, 8, side=16))
    options = InferenceOptions(gate=False, second_look=share)
    _, result = _step(network, _SHRUNK, options)
    assert result.state is TrackState.TRACKED
    assert (result.probability >= 0.5).sum() == area
    assert result.seen_area == (100 if share is None else pytest.approx(0.97 * 300))


def test_what_little_is_left_stays_if_nothing_more_is_found() -> None:
    network = _AnswersWithoutMask(_square(8, 8), torch.zeros(SIZE))
    _, result = _step(network, _SHRUNK, InferenceOptions(gate=False, second_look=0.5))
    assert result.state is TrackState.TRACKED
    assert (result.probability >= 0.5).sum() == 100


def test_an_object_of_which_next_to_nothing_is_left_is_lost_around_there() -> None:
    network = _AnswersWithoutMask(_square(12, 12, side=3), torch.zeros(SIZE))
    options = InferenceOptions(gate=False, second_look=0.5)
    _, result = _step(network, _SHRUNK, options)
    assert result.state is TrackState.LOST
    assert result.probability.max() == 0
    side = 2 * (0.97 * 300) ** 0.5
    np.testing.assert_allclose(result.box[2:], np.minimum(13 + side / 2, [48, 32]))


@pytest.mark.parametrize(
    "options",
    [InferenceOptions(mask_box_scale=1.5), InferenceOptions(piece_reach=0.5)],
)
def test_false_positives_far_from_the_warped_mask_are_discarded(options: InferenceOptions) -> None:
    answer = torch.maximum(_square(10, 9), _square(36, 20))
    _, unfiltered = _step(Answers(answer), carried(_square(8, 8)))
    assert unfiltered.probability[20:30, 36:46].min() > 0.9
    _, result = _step(Answers(answer), carried(_square(8, 8)), options)
    assert result.probability[20:30, 36:46].max() == 0
    assert result.probability[9:19, 10:20].min() > 0.9
    assert result.seen_area == 100


@pytest.mark.parametrize(("weight", "kept"), [(None, True), (2.0, False)])
def test_new_pixels_that_move_with_the_background_are_discarded(
    weight: float | None, kept: bool
) -> None:
    # The object moves by 2 pixels; the network takes the background below it for a part of it.
    answer = torch.maximum(_square(10, 8), _square(10, 18, 0.8))
    options = InferenceOptions(gate=False, motion_weight=weight)
    tracker = NetworkTracker(Answers(answer), options, CPU, warp_mask=True)
    backward = torch.zeros(1, 2, *SIZE)
    backward[:, 0, 8:18, 10:20] = -2
    result = tracker.step(
        carried(_square(8, 8)), torch.zeros(1, 3, *SIZE), backward, torch.zeros(1, 2, *SIZE)
    )
    assert result.probability[8:18, 10:20].min() > 0.9
    assert (result.probability[18:28, 10:20].mean() > 0.5) == kept


def test_an_outline_comes_to_an_edge_of_the_frame() -> None:
    # The network draws the object a pixel too large.
    frame = torch.full((1, 3, *SIZE), 40.0)
    frame[:, :, 8:24, 8:24] = 200
    true, drawn = _square(8, 8, side=16) >= 0.5, _square(7, 7, side=18)
    for radius, comes in ((None, False), (0.2, True)):
        options = InferenceOptions(gate=False, edge_radius=radius)
        tracker = NetworkTracker(Answers(drawn), options, CPU, warp_mask=True)
        result = tracker.step(carried(drawn), frame, None, torch.zeros(1, 2, *SIZE))
        assert bool(((result.probability >= 0.5) == true).all()) == comes


def test_a_window_gives_what_the_whole_frame_gives_near_the_object() -> None:
    torch.manual_seed(2)
    size = (112, 160)
    network = build_network(NetworkOptions(width=0.125, norm="none", fc_width=16)).eval()
    mask = torch.zeros(size)
    mask[30:50, 40:60] = 1
    frame = torch.rand(1, 3, *size) * 255
    results = []
    for margin in (None, 1000.0, 16.0):
        options = InferenceOptions(mask_box_scale=1.2, window_margin=margin, gate=False)
        tracker = NetworkTracker(network, options, CPU, warp_mask=True)
        with torch.inference_mode():
            results.append(tracker.step(carried(mask), frame, None, torch.zeros(1, 2, *size)))
    whole, everything, window = results
    torch.testing.assert_close(everything.probability, whole.probability)
    np.testing.assert_array_equal(everything.box, whole.box)
    inner = (slice(30, 50), slice(40, 60))
    assert (window.probability - whole.probability)[inner].abs().mean() < 0.1
    assert window.probability[60:].max() == 0
    assert abs(window.box - whole.box).max() < 2


def test_a_window_without_a_box_means_nothing() -> None:
    with pytest.raises(InvalidInputError, match="set mask_box_scale"):
        InferenceOptions(window_margin=16)


@pytest.mark.parametrize("flip", [True, False])
def test_with_flips_the_mirrored_frame_gives_the_mirrored_mask(flip: bool) -> None:
    torch.manual_seed(0)
    options = NetworkOptions(width=0.125, norm="group", flow_stream=False, localization=False)
    network = build_network(options).eval()
    inference = InferenceOptions(gate=False, flip=flip)
    tracker = NetworkTracker(network, inference, CPU, warp_mask=True)
    frame, mask = torch.rand(1, 3, *SIZE) * 255, _square(8, 8)
    still = torch.zeros(1, 2, *SIZE)
    with torch.inference_mode():
        straight = tracker.step(carried(mask), frame, None, still).probability
        mirrored = tracker.step(carried(mask.flip(-1)), frame.flip(-1), None, still).probability
    difference = (straight - mirrored.flip(-1)).abs().max()
    assert (difference < 1e-5) == flip
