"""Files of boxes and points stand in for masks wherever masks are read."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from storage.datasets.masks.given_masks import masks_digest
from storage.datasets.prompts.grab_cut import Point
from storage.datasets.prompts.prompt_file import prompts_of, read_prompts
from storage.datasets.readers.own_video import MaskedVideo, open_own_video
from storage.errors import DatasetError


def write_video(folder: Path) -> Path:
    """Four frames, 60 x 80, with a bright square at (10 + 5 t, 20) and one at (50, 20)."""
    folder.mkdir()
    for index in range(4):
        frame = np.random.default_rng(index).integers(20, 60, (60, 80, 3), dtype=np.uint8)
        frame[20:40, 10 + 5 * index : 25 + 5 * index] += np.uint8(170)
        frame[20:40, 50:70, 0] += np.uint8(170)
        Image.fromarray(frame).save(folder / f"{index:05d}.png")
    return folder


def video(tmp_path: Path, document: Any) -> MaskedVideo:
    file = tmp_path / "prompts.json"
    file.write_text(json.dumps(document))
    return open_own_video(write_video(tmp_path / "walk"), file)


def test_boxes_and_points_of_two_frames(tmp_path: Path) -> None:
    opened = video(
        tmp_path,
        {
            "prompts": [
                {"box": [8, 18, 28, 42]},
                {"object": 7, "frame": 2, "points": [[60, 30, 1], [20, 10, 0]]},
            ]
        },
    )
    assert opened.objects == (1, 7)
    first, later = opened.label_map(0), opened.label_map(2)
    assert first is not None
    assert later is not None
    assert opened.label_map(1) is None
    true = np.zeros((60, 80), bool)
    true[20:40, 10:25] = True
    np.testing.assert_array_equal(first == 1, true)
    assert set(np.unique(later)) == {0, 7}
    assert (later[22:38, 52:68] == 7).all()
    assert any("boxes and points" in remark for remark in opened.remarks())


def test_the_digest_is_that_of_the_prompts(tmp_path: Path) -> None:
    digests = []
    for edge in (28, 28, 29):
        file = tmp_path / "prompts.json"
        file.write_text(json.dumps({"prompts": [{"box": [8, 18, edge, 42]}]}))
        digests.append(masks_digest(file))
    assert digests[0] == digests[1] != digests[2]


def test_what_the_command_writes_is_read_again(tmp_path: Path) -> None:
    document = prompts_of([(1, 2, 3, 4)], [[Point(5, 6, True), Point(7, 8, False)]])
    file = tmp_path / "prompts.json"
    file.write_text(json.dumps(document))
    first, second = read_prompts(file) or []
    assert (first.object_id, first.box, first.points) == (1, (1, 2, 3, 4), ())
    assert (second.object_id, second.box) == (2, None)
    assert second.points == (Point(5, 6, True), Point(7, 8, False))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"box": [5, 5, 5, 9]}, r"prompt 1: box is \[5, 5, 5, 9\]. Give \[x0, y0, x1, y1\]"),
        ({"box": [1, 2, 3]}, "prompt 1: box is"),
        ({"box": [1, 2, 3, float("nan")]}, "prompt 1: box is"),
        ({"points": [[1, 2]]}, "prompt 1: points are"),
        ({"points": [[1, 2, 5]]}, "prompt 1: points are"),
        ({"points": [[1, 2, 0]]}, "neither a box nor a point on the object"),
        ({}, "neither a box nor a point"),
        ({"box": [1, 2, 3, 4], "object": 255}, "object is 255. Give 1 to 254"),
        ({"box": [1, 2, 3, 4], "object": True}, "object is True"),
        ({"box": [1, 2, 3, 4], "frame": 1.5}, "frame is 1.5. Give a name, or an index"),
        ({"box": [1, 2, 3, 4], "frame": 9}, "has no frame 9"),
        ({"box": [1, 2, 3, 4], "colour": 1}, "It has box, points, object and frame"),
        ({"points": [[80, 2, 1]]}, "outside the frame, which has 80x60 pixels"),
        ({"box": [90, 2, 95, 4]}, "outside the frame"),
        (3, "prompt 1 is 3"),
    ],
)
def test_prompts_that_cannot_be_used_are_named(tmp_path: Path, entry: Any, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        video(tmp_path, {"prompts": [entry]}).objects  # noqa: B018


def test_two_prompts_of_an_object_in_a_frame_and_no_list_are_refused(tmp_path: Path) -> None:
    box = {"object": 1, "box": [1, 2, 30, 40]}
    with pytest.raises(DatasetError, match="object 1 has another prompt in the same frame"):
        video(tmp_path, {"prompts": [box, box]}).objects  # noqa: B018
    (tmp_path / "prompts.json").write_text('{"prompts": {}}')
    with pytest.raises(DatasetError, match="is no list of prompts"):
        read_prompts(tmp_path / "prompts.json")
    (tmp_path / "other.json").write_text("[]")
    assert read_prompts(tmp_path / "other.json") is None
