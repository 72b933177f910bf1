"""Evaluation outside DAVIS: later objects, sparse ids, void, short sequences, other files."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from storage.errors import DatasetError
from storage.prediction_sets import open_predictions
from tasks.errors import ParameterError
from tasks.evaluation.evaluation import Evaluation, EvaluationRequest, evaluate_predictions
from tasks.inputs.sources import DatasetSpec
from tests.tasks.evaluation.trees import LabelMap, moving, save, write_davis

FRAMES = 6


def truth(index: int) -> LabelMap:
    """Ids 1 and 3; 7 from frame 2 on."""
    labels = np.array([0, 1, 3, 0], np.uint8)[moving(2, index)]
    if index >= 2:
        labels[2 + index : 8 + index, 22:28] = 7
    return labels


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A set in the layout of DAVIS-2017 and of YouTube-VOS at once."""
    root = write_davis(tmp_path / "set", "2017", {"ant": 1}, 0)
    for index in range(FRAMES):
        save(root / f"Annotations/480p/ant/{index:05d}.png", truth(index))
        save(root / f"valid/Annotations/ant/{index:05d}.png", truth(index))
    return root


def predicted(folder: Path, change: dict[int, int] | None = None) -> Path:
    table = np.arange(256, dtype=np.uint8)
    for old, new in (change or {}).items():
        table[old] = new
    for index in range(FRAMES):
        save(folder / f"ant/{index:05d}.png", table[truth(index)])
    return folder


def evaluate(
    predictions: Path, root: Path, dataset: str, protocol: str | None = None
) -> Evaluation:
    spec = DatasetSpec(dataset, str(root))
    return evaluate_predictions(EvaluationRequest(predictions, spec, protocol=protocol))


def j_of(result: Evaluation) -> dict[int, float]:
    return dict(zip(result.per_object["object"], result.per_object["J_mean"], strict=True))


def test_a_perfect_prediction_is_accepted_and_a_missing_object_scores_nothing(
    root: Path, tmp_path: Path
) -> None:
    perfect = predicted(tmp_path / "perfect")
    result = evaluate(perfect, root, "youtube-vos")
    assert result.rules.name == "youtube-vos"
    assert j_of(result) == {1: 1.0, 3: 1.0, 7: 1.0}
    assert result.notes == []
    missing = evaluate(predicted(tmp_path / "missing", {7: 0}), root, "youtube-vos")
    assert j_of(missing) == {1: 1.0, 3: 1.0, 7: 0.0}
    counted = missing.per_frame.pivot(index="frame", columns="object", values="counted")
    assert counted[1].tolist() == counted[3].tolist() == [False] + [True] * 5
    assert counted[7].tolist() == [False] * 3 + [True] * 3


def test_davis_counts_as_ever_and_says_what_that_means(root: Path, tmp_path: Path) -> None:
    result = evaluate(predicted(tmp_path / "perfect"), root, "davis2017")
    assert j_of(result) == {1: 1.0, 2: 1.0, 3: 1.0}
    absent, later = result.notes
    assert absent.startswith("Ids without a pixel in any annotation: ant (2).")
    assert later.startswith("Objects that first appear after the first annotation: ant (7).")
    assert "--protocol youtube-vos does" in later
    other = evaluate(tmp_path / "perfect", root, "davis2017", "youtube-vos")
    assert j_of(other) == {1: 1.0, 3: 1.0, 7: 1.0}


def test_labels_of_no_annotation_stay_an_error(root: Path, tmp_path: Path) -> None:
    made = predicted(tmp_path / "made", {7: 9})
    with pytest.raises(ParameterError, match=r"ant, label 9 above the number of objects \(3\)"):
        evaluate(made, root, "davis2017")


def test_void_is_ignored_or_named(tmp_path: Path) -> None:
    root = write_davis(tmp_path / "set", "2017", {"ant": 1}, 0)
    for index in range(FRAMES):
        labels = moving(1, index)
        labels[:2] = 255
        save(root / f"Annotations/480p/ant/{index:05d}.png", labels)
        save(tmp_path / f"made/ant/{index:05d}.png", np.where(labels == 255, 1, labels))
    davis = evaluate(tmp_path / "made", root, "davis2017")
    assert j_of(davis)[1] < 1
    assert davis.notes[0].startswith("Pixels of 255 in the annotations of ant count as background")
    ignoring = evaluate(tmp_path / "made", root, "davis2017", "youtube-vos")
    assert (j_of(ignoring), ignoring.notes) == ({1: 1.0}, [])


@pytest.mark.parametrize("frames", [1, 2])
def test_short_sequences_are_named(tmp_path: Path, frames: int) -> None:
    root = write_davis(tmp_path / "set", "2017", {"ant": 1}, frames)
    made = tmp_path / "made"
    for index in range(6):
        save(made / f"ant/{index:05d}.png", moving(1, index))
        save(made / f"bee/{index:05d}.png", moving(1, index))
    for path in sorted((made / "ant").iterdir())[frames:]:
        path.unlink()
    with pytest.raises(ParameterError, match=r"no frame of ant counts: .* --protocol segtrack2"):
        evaluate(made, root, "davis2017")
    for index in range(6):
        save(root / f"Annotations/480p/bee/{index:05d}.png", moving(1, index))
    (root / "ImageSets/2017/val.txt").write_text("ant\nbee\n")
    result = evaluate(made, root, "davis2017")
    assert result.notes[0].startswith("No frame counts of ant: protocol davis2017-semi-supervised")
    assert result.dataset_figures["J_mean"].item() == 1.0
    assert j_of(evaluate(made, root, "davis2017", "segtrack2"))[1] == 1.0


def per_object(folder: Path) -> Path:
    for index in range(FRAMES):
        labels = truth(index)
        for object_id in (1, 3, 7):
            if (labels == object_id).any():
                mask = (labels == object_id).astype(np.uint8)
                save(folder / f"ant/{object_id:03d}/{index:05d}.png", mask, "L")
    return folder


@pytest.mark.parametrize("prefix", [None, "", "results/"])
def test_one_file_per_object(root: Path, tmp_path: Path, prefix: str | None) -> None:
    made = per_object(tmp_path / "made")
    if prefix is not None:
        with zipfile.ZipFile(tmp_path / "made.zip", "w") as archive:
            for path in sorted(made.rglob("*.png")):
                archive.write(path, f"{prefix}{path.relative_to(made)}")
        made = tmp_path / "made.zip"
    assert j_of(evaluate(made, root, "youtube-vos")) == {1: 1.0, 3: 1.0, 7: 1.0}


def test_folders_that_are_no_objects_are_named(root: Path, tmp_path: Path) -> None:
    save(tmp_path / "made/ant/dog/00000.png", moving(1, 0))
    with pytest.raises(ParameterError, match="dog is not the folder of an object"):
        evaluate(tmp_path / "made", root, "youtube-vos")


def test_jpeg_predictions(root: Path, tmp_path: Path) -> None:
    for index in range(FRAMES):
        (tmp_path / "made" / "ant").mkdir(parents=True, exist_ok=True)
        Image.fromarray(truth(index) * np.uint8(30)).save(tmp_path / f"made/ant/{index:05d}.jpg")
    with pytest.raises(ParameterError, match=r"as JPEG, which cannot hold .*: 00000-00005"):
        evaluate(tmp_path / "made", root, "davis2017")
    one = write_davis(tmp_path / "one", "2016", {"ant": 1})
    for index in range(FRAMES):
        image = Image.fromarray(moving(1, index) * np.uint8(255))
        image.save(tmp_path / f"made/ant/{index:05d}.jpg", quality=95)
    assert j_of(evaluate(tmp_path / "made", one, "davis2016"))[1] > 0.95
    save(tmp_path / "made/ant/00002.png", moving(1, 2))
    with pytest.raises(DatasetError, match="are the same frame"):
        open_predictions(tmp_path / "made").frames("ant", [])
