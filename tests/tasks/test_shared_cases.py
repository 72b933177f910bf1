"""Files of users that once failed; other tests make their inputs themselves."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from storage.datasets.readers.own_video import MaskedVideo, open_own_video
from storage.errors import DatasetError
from tasks.errors import ParameterError
from tasks.evaluation.evaluation import Evaluation, EvaluationRequest, evaluate_predictions
from tasks.inputs.sources import DatasetSpec
from tests.storage.conftest import SHARED

CASES = SHARED.parent / "cases"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not CASES.is_dir(), reason="needs ../shared/cases, beside the project"),
]


def opened(case: str, video: str, mask: str) -> MaskedVideo:
    return open_own_video(CASES / case / video, CASES / case / mask)


def truth() -> "np.typing.NDArray[np.uint8]":
    """The mask that all cases were made from."""
    labels = opened("proxy", "clip.mp4", "first.png").label_map(0)
    assert labels is not None
    return labels


Check = Callable[[MaskedVideo], None]


def is_truth(source: MaskedVideo) -> None:
    np.testing.assert_array_equal(source.label_map(0), truth())


def is_one_object(source: MaskedVideo) -> None:
    assert source.objects == (1,)
    labels = source.label_map(0)
    assert labels is not None
    assert 0.005 < (labels == 1).mean() < 0.1


def is_nearly_truth(source: MaskedVideo) -> None:
    """For polygons, whose outlines differ by half a pixel."""
    labels = source.label_map(0)
    assert labels is not None
    assert np.mean(labels != truth()) < 0.01


def are_frames_0_3_6(source: MaskedVideo) -> None:
    assert list(source.masks.readers) == ["00000", "00003", "00006"]
    assert source.objects == (1, 2, 3)
    is_nearly_truth(source)


def are_all_frames(source: MaskedVideo) -> None:
    assert list(source.masks.readers) == list(source.frame_names)
    assert source.objects == (1, 2, 3)


def is_upright(source: MaskedVideo) -> None:
    upright = opened("proxy", "clip.mp4", "first.png").frame(0)
    assert np.mean(np.abs(source.frame(0).astype(int) - upright)) < 8
    is_truth(source)


def has_eight_frames(source: MaskedVideo) -> None:
    assert source.frame_count == 8
    assert "lies among the frames" in source.remarks()[0]
    is_truth(source)


def ascends(source: MaskedVideo) -> None:
    assert source.frame_times is not None
    np.testing.assert_allclose(source.frame_times, np.arange(1, 9) / 25)


READ: list[tuple[str, str, str, Check]] = [
    ("quantised-one-object", "clip.mp4", "first.png", is_one_object),
    ("quantised-palette", "clip.mp4", "first.png", is_truth),
    ("white-with-alpha", "clip.mp4", "first.png", is_one_object),
    ("black-with-alpha", "clip.mp4", "first.png", is_one_object),
    ("cutout-with-alpha", "clip.mp4", "first.png", is_one_object),
    ("cvat-frame-names", "clip.mp4", "masks", are_frames_0_3_6),
    ("four-digit-mask-names", "clip.mp4", "masks", are_all_frames),
    ("exif-3", "frames", "first.png", is_upright),
    ("mask-among-frames", "frames", "frames/mask.png", has_eight_frames),
    ("avi-h264-b-frames", "clip.avi", "first.png", ascends),
    ("webp-frames", "frames", "first.png", is_upright),
    ("labelme-json", "clip.mp4", "00000.json", is_nearly_truth),
    ("youtube-vis-json", "clip.mp4", "instances.json", are_all_frames),
    ("via-json", "clip.mp4", "via.json", is_one_object),
    ("mask-as-npy", "clip.mp4", "first.npy", is_truth),
    ("cvat-coco-tracks", "clip.mp4", "renamed.json", are_frames_0_3_6),
    ("cvat-coco-tracks", "clip.mp4", "instances_default.json", are_frames_0_3_6),
]


@pytest.mark.parametrize(("case", "video", "mask", "check"), READ)
def test_read_right(case: str, video: str, mask: str, check: Check) -> None:
    source = opened(case, video, mask)
    source.fingerprint()
    check(source)


def evaluated(
    case: str, predictions: str, dataset: str = "davis2017", **options: Any
) -> Evaluation:
    folder = CASES / case
    request = EvaluationRequest(
        folder / predictions, DatasetSpec(dataset, str(folder / "gt")), stability=False, **options
    )
    return evaluate_predictions(request)


def test_evaluation_of_sparse_ids() -> None:
    davis = evaluated("eval-sparse-ids", "nothing")
    assert davis.dataset_figures["J_mean"].item() == pytest.approx(4 / 7)
    assert "dogs (2, 4, 5, 6)" in davis.notes[0]
    youtube = evaluated("eval-sparse-ids", "nothing", protocol="youtube-vos")
    assert youtube.dataset_figures["J_mean"].item() == 0.0
    perfect = evaluated("eval-sparse-ids", "perfect", protocol="youtube-vos")
    assert perfect.dataset_figures["J_mean"].item() == 1.0


def test_evaluation_of_two_frames() -> None:
    with pytest.raises(ParameterError, match="no frame of dogs counts"):
        evaluated("eval-two-frames", "pred")


def test_evaluation_of_one_file_per_object() -> None:
    result = evaluated("eval-per-object-folders", "pred")
    scores = dict(zip(result.per_object["object"], result.per_object["J_mean"], strict=True))
    assert scores[1] > 0.9


def test_evaluation_of_jpeg_predictions() -> None:
    with pytest.raises(ParameterError, match="which cannot hold object ids; save PNG files: 00000"):
        evaluated("eval-jpeg-predictions", "pred")


REFUSED = [
    ("jpeg-label-map", "clip.mp4", "first.jpg", "cannot hold object ids"),
    ("jpeg-label-map-wide", "clip.mp4", "first.jpg", "cannot hold object ids"),
    ("jpeg-dim-mask", "clip.mp4", "first.jpg", "cannot hold object ids"),
    ("jpeg-colour-map", "clip.mp4", "first.jpg", "cannot hold object ids"),
    ("label-studio-json", "clip.mp4", "export.json", "'Brush labels to PNG'"),
    ("mask-as-zip", "clip.mp4", "masks.zip", "is a zip archive, not a mask. Unpack it"),
    ("mask-as-xml", "clip.mp4", "annotations.xml", "exports the same as 'COCO 1.0'"),
    ("mask-as-video", "clip.mp4", "mask.mp4", "an MP4 or MOV video, not a mask"),
    ("transport-stream-as-mp4", "clip.mp4", "first.png", "transport stream.*-c copy"),
    ("gif-as-video", "clip.gif", "first.png", "it is a GIF.*ffmpeg"),
    ("anamorphic", "clip.mkv", "first.png", "not square but 27:20: players show it as 216x120"),
    ("roboflow-resized", "clip.mp4", "_annotations.coco.json", "Export the masks at the video's"),
]


@pytest.mark.parametrize(("case", "video", "mask", "words"), REFUSED, ids=[c[0] for c in REFUSED])
def test_refused_with_the_cure(case: str, video: str, mask: str, words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        opened(case, video, mask).label_map(0)
