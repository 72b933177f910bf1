"""Figures per frame and object, and their means."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from maskrnn_core.video import UInt8Array
from tasks.scores.aggregation import FIGURES, aggregate
from tasks.scores.scoring import PER_FRAME, PER_OBJECT, Frame, protocol_of, score_video


def label_map() -> UInt8Array:
    labels = np.zeros((16, 16), np.uint8)
    labels[:8, :8] = 1
    labels[8:, 8:] = 2
    return labels


def frames(count: int) -> Iterator[Frame]:
    """Object 2 loses its lower half, except in the first and the last frame."""
    for index in range(count):
        predicted = label_map()
        if 0 < index < count - 1:
            predicted[12:] = 0
        yield index, f"{index:05d}", label_map(), predicted


def test_every_frame_has_figures_and_the_protocol_says_which_count() -> None:
    per_frame, per_object = score_video("v", frames(6), 6, protocol_of("davis2017"))
    assert list(per_frame.columns) == PER_FRAME
    assert list(per_object.columns) == PER_OBJECT
    assert len(per_frame) == 12
    ends = per_frame[(per_frame["object"] == 2) & per_frame["frame"].isin([0, 5])]
    assert ends["J"].tolist() == [1.0, 1.0]
    assert per_object["J_mean"].tolist() == pytest.approx([1.0, 0.5])
    assert per_object["F_mean"].iloc[0] == 1.0


def test_davis2016_has_one_object_whatever_its_labels() -> None:
    _, per_object = score_video("v", frames(4), 4, protocol_of("davis2016"))
    assert per_object["object"].tolist() == [1]


def test_segtrack_names_its_objects() -> None:
    _, per_object = score_video("v", frames(4), 4, protocol_of("segtrack2"), (2,))
    assert per_object["object"].tolist() == [2]
    assert per_object["J_mean"].item() == pytest.approx((2 + 2 * 0.5) / 4)


def test_a_video_of_two_frames_has_no_means() -> None:
    per_frame, per_object = score_video("v", frames(2), 2, protocol_of("synthetic"))
    assert len(per_frame) == 4
    assert per_object["J_mean"].isna().all()


def objects(video: str, *means: float) -> pd.DataFrame:
    rows = [("small", video, i + 1, *[mean] * len(FIGURES)) for i, mean in enumerate(means)]
    return pd.DataFrame(rows, columns=["preset", *PER_OBJECT])


def test_sequences_average_objects_and_the_data_set_weighs_objects_equally() -> None:
    table = pd.concat([objects("a", 0.2, 0.6), objects("b", 1.0)])
    per_sequence, dataset = aggregate(table, ["other", "small"])
    assert per_sequence["J_mean"].tolist() == pytest.approx([0.4, 1.0])
    assert dataset["preset"].tolist() == ["small"]
    assert dataset["J_mean"].tolist() == pytest.approx([0.6])
    assert dataset["sequences"].tolist() == [2]
    assert dataset["objects"].tolist() == [3]
