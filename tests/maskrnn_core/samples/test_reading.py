from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.samples.reading import drawn, list_samples, object_target, read_flows, read_sample


def test_every_frame_from_the_first_annotated_on_is_a_sample(
    make_video: Callable[..., Any],
) -> None:
    video = make_video(count=5)
    video.label_maps[0] = np.zeros_like(video.label_maps[0])
    samples = list_samples([video])
    assert [s.frame for s in samples] == [1, 2, 3, 4]
    clips = list_samples([video], length=3)
    assert [s.frame for s in clips] == [1, 2]
    assert [s.frame for s in list_samples([video], length=50)] == [1]


def test_a_clip_has_two_frames_or_more(make_video: Callable[..., Any]) -> None:
    late, whole = make_video(count=5), make_video(count=5)
    for label_map in late.label_maps[:4]:
        label_map[...] = 0
    assert [s.frame for s in list_samples([late])] == [4]
    assert {s.video for s in list_samples([late, whole], length=3)} == {1}
    with pytest.raises(InvalidInputError, match="in two frames or more"):
        list_samples([late], length=3)


def test_each_pass_visits_every_sample_once(make_video: Callable[..., Any]) -> None:
    samples = list_samples([make_video(count=7)])
    orders = [[drawn(samples, 7 * epoch + i, seed=0) for i in range(7)] for epoch in range(3)]
    for order in orders:
        assert sorted(s.frame for s in order) == list(range(7))
    assert orders[0] != orders[1]
    assert drawn(samples, 3, seed=0) == orders[0][3]


def test_nothing_to_train_on_is_an_error(make_video: Callable[..., Any]) -> None:
    video = make_video()
    for label_map in video.label_maps:
        label_map[...] = 0
    with pytest.raises(InvalidInputError, match="another split"):
        list_samples([video])


def test_other_objects_are_background_and_void_stays() -> None:
    target = object_target(np.array([[0, 1, 2, 255]], dtype=np.uint8), 2)
    assert target.tolist() == [[0, 0, 1, 255]]


def test_missing_neighbours_have_no_flow(make_video: Callable[..., Any]) -> None:
    video = make_video(count=2)
    first, last = (read_flows(video, index) for index in range(2))
    assert not first.backward.any()
    assert first.forward.any()
    assert last.backward.any()
    assert not last.forward.any()


def test_flows_that_are_not_wanted_are_not_read(
    make_video: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    video = make_video(count=2)
    assert read_sample(video, 1, 1).flows is not None
    for name in ("backward_flow", "forward_flow"):
        monkeypatch.setattr(type(video), name, None)  # Calling it would fail.
    assert read_sample(video, 1, 1, with_flows=False).flows is None


def test_frames_without_label_map_cannot_train(make_video: Callable[..., Any]) -> None:
    video = make_video()
    video.label_maps[2] = None
    with pytest.raises(InvalidInputError, match="square, frame 2"):
        read_sample(video, 2, 1)
