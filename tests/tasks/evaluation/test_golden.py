"""From the files of the reference material to tables, against the official codes' numbers."""

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.evaluation.evaluation import Evaluation, EvaluationRequest, evaluate_predictions
from tasks.inputs.sources import DatasetSpec

SHARED = Path(__file__).resolve().parents[3].parent / "shared"
EXACT = 1e-12
STATISTICS = ("mean", "recall", "decay")


def shared(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"the reference material {name} is not beside the project")
    return folder


@pytest.fixture
def golden() -> Path:
    return shared("golden/metrics")


@pytest.fixture
def expected(golden: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((golden / "expected.json").read_text())
    return document


def tree(golden: Path, root: Path, kind: str, year: str, stable: dict[str, bool]) -> Path:
    """The golden annotations as a DAVIS folder."""
    (root / "Annotations" / "480p").mkdir(parents=True)
    sets = root / "ImageSets" / ("2017" if year == "2017" else "480p")
    sets.mkdir(parents=True)
    videos = sorted(path.name for path in (golden / "annotations" / kind).iterdir())
    for video in videos:
        (root / "Annotations" / "480p" / video).symlink_to(golden / "annotations" / kind / video)
    (sets / "val.txt").write_text("".join(f"{video}\n" for video in videos))
    entries = "".join(
        f"- {{name: {video}, attributes: [], eval_t: {stable.get(video, True)}}}\n"
        for video in videos
    )
    (root / "Annotations" / "db_info.yml").write_text(f"sequences:\n{entries}")
    return root


def evaluate(predictions: Path, dataset: str, root: Path, **options: Any) -> Evaluation:
    spec = DatasetSpec(dataset, str(root))
    return evaluate_predictions(EvaluationRequest(predictions, spec, workers=1, **options))


def check_dataset(result: Evaluation, numbers: dict[str, float]) -> None:
    row = result.dataset_figures.iloc[0]
    for column in [f"{letter}_{name}" for letter in "JF" for name in STATISTICS]:
        assert row[column] == pytest.approx(numbers[column], abs=EXACT)


@pytest.mark.shared
@pytest.mark.parametrize("method", ["wobble", "dropout"])
def test_davis2016(golden: Path, expected: dict[str, Any], tmp_path: Path, method: str) -> None:
    numbers = expected["davis2016"][method]
    root = tree(golden, tmp_path, "single", "2016", expected["meta"]["eval_t"])
    result = evaluate(golden / "predictions" / method, "davis2016", root)
    check_dataset(result, numbers["dataset"])
    of_dataset = result.dataset_figures["T_mean"].item()
    assert of_dataset == pytest.approx(numbers["dataset"]["T_mean"], rel=0.01)
    for video, of_video in numbers["sequences"].items():
        frames = result.per_frame[result.per_frame["video"] == video]
        for letter in "JF":
            counted = frames.loc[frames["counted"], letter].tolist()
            assert counted == of_video[letter]["per_frame"][1:-1]
        row = result.per_sequence.set_index("video").loc[video]
        for column in [f"{letter}_{name}" for letter in "JF" for name in STATISTICS]:
            letter, name = column.split("_")
            assert row[column] == pytest.approx(of_video[letter][name], abs=EXACT)
        assert row["T_mean"] == pytest.approx(of_video["T"]["mean"], rel=0.01)


@pytest.mark.shared
@pytest.mark.parametrize("task", ["semi-supervised", "unsupervised"])
@pytest.mark.parametrize("method", ["mixed", "missing"])
def test_davis2017(
    golden: Path, expected: dict[str, Any], tmp_path: Path, method: str, task: str
) -> None:
    numbers = expected[f"davis2017_{task.replace('-', '')}"][method]
    root = tree(golden, tmp_path, "multi", "2017", {})
    made = golden / "predictions" / method
    result = evaluate(
        made, "davis2017", root, protocol=f"davis2017-{task}", stability=task != "unsupervised"
    )
    check_dataset(result, numbers["global"])
    both = result.dataset_figures["J&F_mean"].item()
    assert both == pytest.approx(numbers["global"]["J&F_mean"], abs=EXACT)
    if task == "semi-supervised" and method == "mixed":
        of_objects = expected["temporal_stability_per_object"]["mixed"]
        for row in result.per_object.itertuples():
            number = of_objects[row.video][str(row.object)]["mean"]
            assert row.T_mean == pytest.approx(number, rel=0.01)


@pytest.mark.shared
@pytest.mark.parametrize("method", ["osvos", "onavos"])
def test_published_figures_of_every_frame(method: str) -> None:
    published = shared("data/davis2016-published")
    root = shared("data/davis2016")
    result = evaluate(published / method, "davis2016", root, stability=False)
    numbers = json.loads((published / f"{method}.json").read_text())
    assert result.per_sequence["video"].tolist() == sorted(
        path.name for path in (published / method).iterdir()
    )
    for video, frames in result.per_frame[result.per_frame["counted"]].groupby("video"):
        for letter in "JF":
            expected = numbers[str(video)][letter]
            assert frames[letter].tolist() == pytest.approx(expected, abs=0.0005 + 1e-9)


@pytest.mark.shared
def test_segtrack_sample_against_itself(tmp_path: Path) -> None:
    root = shared("data/segtrack2-sample")
    (tmp_path / "bmx").symlink_to(root / "GroundTruth/bmx/2")
    result = evaluate(tmp_path, "segtrack2", root)
    columns = ["video", "object", "J_mean", "F_mean"]
    assert result.per_object[columns].to_numpy().tolist() == [["bmx", 2, 1.0, 1.0]]
    assert len(result.per_frame) == 36
