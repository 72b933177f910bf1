"""Evaluations of tiny predictions: figures, protocols, and what is refused."""

import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import zarr

from storage.files.output_folder import OutputFolder
from storage.kinds.predictions import write_prediction
from storage.prediction_sets import ReadOptions, open_predictions
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.evaluation.evaluation import Evaluation, EvaluationRequest, evaluate_predictions
from tasks.evaluation.output import write_official, write_tables
from tasks.inputs.sources import DatasetSpec
from tests.tasks.evaluation.trees import SIZE, moving, save, write_davis, write_predictions

VIDEOS = {"ant": 2, "bee": 1}
J = 48 / 64  # squares 7 wide and 8 high, one column off: 6 * 8 over 8 * 8


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_davis(tmp_path / "davis", "2017", VIDEOS)


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    return write_predictions(tmp_path / "mine", VIDEOS)


def evaluate(
    predictions: Path, root: Path, dataset: str = "davis2017", **options: Any
) -> Evaluation:
    spec = DatasetSpec(dataset, str(root))
    return evaluate_predictions(EvaluationRequest(predictions, spec, **options))


def refusal(predictions: Path, root: Path, **options: Any) -> str:
    with pytest.raises(ParameterError) as caught:
        evaluate(predictions, root, **options)
    return str(caught.value)


def test_figures_of_all_levels(root: Path, predictions: Path) -> None:
    result = evaluate(predictions, root)
    assert result.rules.name == "davis2017-semi-supervised"
    assert result.per_object["J_mean"].tolist() == pytest.approx([J] * 3)
    assert result.per_sequence["objects"].tolist() == [2, 1]
    assert result.dataset_figures[["sequences", "objects"]].to_numpy().tolist() == [[2, 3]]
    assert result.dataset_figures["J&F_mean"].item() == pytest.approx((J + 1) / 2)
    assert result.dataset_figures["T_mean"].item() >= 0
    of_ant = result.per_frame[(result.per_frame["video"] == "ant")]
    assert of_ant["counted"].tolist() == [False] * 2 + [True] * 8 + [False] * 2
    assert "per_attribute" not in result.named()


def test_two_processes_give_the_same_and_report_progress(root: Path, predictions: Path) -> None:
    alone = evaluate(predictions, root, workers=1)
    told: list[int] = []
    request = EvaluationRequest(predictions, DatasetSpec("davis2017", str(root)), workers=2)
    both = evaluate_predictions(request, told.append, told.append)
    for name, table in alone.named().items():
        pd.testing.assert_frame_equal(table, both.named()[name])
    assert told[0] == sum(told[1:]) == 12


def test_the_last_and_the_first_frame_need_not_be_predicted(root: Path, tmp_path: Path) -> None:
    inner = write_predictions(tmp_path / "inner", VIDEOS, range(1, 5))
    result = evaluate(inner, root)
    assert result.per_object["J_mean"].tolist() == pytest.approx([J] * 3)
    ends = result.per_frame[~result.per_frame["counted"]]
    assert ends["J"].isna().all()
    everything = refusal(inner, root, protocol="paper")
    assert "ant, missing frames: 00000, 00005" in everything


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
@pytest.mark.parametrize("dataset", ["davis2016", "davis2017"])
def test_one_object_in_every_mode(tmp_path: Path, mode: str, dataset: str) -> None:
    root = write_davis(tmp_path / "davis", dataset[-4:], {"bee": 1})
    made = write_predictions(tmp_path / "mine", {"bee": 1}, mode=mode)
    result = evaluate(made, root, dataset)
    assert result.dataset_figures["J_mean"].item() == pytest.approx(J)


def test_davis2016_has_attributes_and_says_where_t_counts(tmp_path: Path) -> None:
    root = write_davis(tmp_path / "davis", "2016", {"ant": 1, "bee": 1})
    (root / "Annotations" / "db_info.yml").write_text(
        "sequences:\n"
        "- {name: ant, attributes: [OCC, SC], eval_t: False}\n"
        "- {name: bee, attributes: [SC], eval_t: True}\n"
        "- {name: cat, attributes: [FM], eval_t: True}\n"
    )
    made = write_predictions(tmp_path / "mine", {"bee": 1}, shift=0)
    write_predictions(made, {"ant": 1})
    result = evaluate(made, root, "davis2016")
    table = result.per_attribute.set_index("attribute")
    assert table["sequences"].to_dict() == {"OCC": 1, "SC": 2}
    assert table.loc["OCC", "J_mean"] == pytest.approx(J)
    assert table.loc["OCC", "J_mean_others"] == 1.0
    assert table["T_mean"].isna().to_dict() == {"OCC": True, "SC": False}
    of_bee = result.per_sequence.set_index("video").loc["bee", "T_mean"]
    assert result.dataset_figures["T_mean"].item() == of_bee
    assert "T of the data set leaves out ant" in result.notes[0]


def test_a_broken_list_of_attributes_is_refused(root: Path, predictions: Path) -> None:
    (root / "Annotations" / "db_info.yml").write_text("sequences: [1]\n")
    with pytest.raises(ValueError, match=r"db_info\.yml is not a list of DAVIS sequences"):
        evaluate(predictions, root)


def test_unsupervised_labels_are_matched(root: Path, tmp_path: Path) -> None:
    made = tmp_path / "mine"
    for index in range(6):
        labels = moving(2, index)
        save(made / "ant" / f"{index:05d}.png", np.array([0, 7, 3], np.uint8)[labels])
        save(made / "bee" / f"{index:05d}.png", moving(1, index))
    result = evaluate(made, root, protocol="davis2017-unsupervised")
    assert result.dataset_figures["J_mean"].item() == 1.0
    assert result.per_object["predicted_label"].tolist() == [7, 3, 1]
    assert result.per_frame["counted"].all()
    write_official(result, OutputFolder(tmp_path))
    names = pd.read_csv(tmp_path / "per-sequence_results-val.csv")["Sequence"]
    assert names.tolist() == ["ant_1", "ant_2", "bee_1"]


def test_paper_averages_frames(tmp_path: Path) -> None:
    root = write_davis(tmp_path / "davis", "2017", {"bee": 1})
    for index in range(2):
        save(root / "Annotations/480p/ant" / f"{index:05d}.png", moving(1, index))
    (root / "ImageSets/2017/val.txt").write_text("ant\nbee\n")
    made = write_predictions(tmp_path / "mine", {"bee": 1})
    write_predictions(made, {"ant": 1}, range(2), shift=0)
    result = evaluate(made, root, protocol="paper")
    assert result.dataset_figures["J_mean"].item() == pytest.approx((2 + 6 * J) / 8)


def test_segtrack_evaluates_its_own_objects(tmp_path: Path) -> None:
    root, made = tmp_path / "segtrack", tmp_path / "mine"
    for index in range(7, 10):
        name = f"bmx_{index:05d}.png"
        save(root / "GroundTruth/bmx/2" / name, moving(1, index), "L")
        save(made / "bmx" / name, moving(1, index, 1) * np.uint8(2))
    (root / "ImageSets").mkdir()
    (root / "ImageSets/bmx.txt").write_text("*bmx\nbmx_00007\nbmx_00008\nbmx_00009\n")
    result = evaluate(made, root, "segtrack2")
    assert result.rules.name == "segtrack2"
    assert result.per_object["object"].tolist() == [2]
    assert result.dataset_figures["J_mean"].item() == pytest.approx(J)


def test_every_offender_is_named_at_once(root: Path, predictions: Path) -> None:
    (root / "ImageSets/2017/val.txt").write_text("ant\nbee\ncat\ndog\n")
    for video in ("cat", "dog"):
        shutil.copytree(root / "Annotations/480p/bee", root / "Annotations/480p" / video)
    for name in ("00001", "00002", "00004"):
        (predictions / "ant" / f"{name}.png").unlink()
    save(predictions / "ant/00003.png", moving(3, 3))
    save(predictions / "bee/00006.png", moving(1, 3))
    save(predictions / "bee/00002.png", np.zeros((12, 16), np.uint8))
    data = (predictions / "bee/00003.png").read_bytes()
    (predictions / "bee/00003.png").write_bytes(data[:-20])
    message = refusal(predictions, root)
    for part in (
        "missing sequences: cat, dog",
        "ant, missing frames: 00001-00002, 00004",
        "ant, label 3 above the number of objects (2): 00003",
        "bee, extra frames: 00006",
        "bee, another size (16x12) than the annotation's (32x24): 00002",
        "bee, unreadable prediction",
        "is a truncated PNG",
        "--missing=empty",
    ):
        assert part in message


def test_missing_can_count_as_empty(root: Path, predictions: Path) -> None:
    shutil.rmtree(predictions / "bee")
    (predictions / "ant/00002.png").unlink()
    result = evaluate(predictions, root, missing_is_empty=True)
    assert result.per_object["J_mean"].tolist() == pytest.approx([J * 3 / 4, J * 3 / 4, 0])
    assert "counted as empty" in result.notes[-1]


def test_extra_frames_stay_an_error_when_missing_ones_do_not(root: Path, predictions: Path) -> None:
    save(predictions / "bee/00009.png", moving(1, 3))
    message = refusal(predictions, root, missing_is_empty=True)
    assert "extra frames: 00009" in message
    assert "--missing" not in message


def test_frames_without_annotation_may_be_predicted(root: Path, predictions: Path) -> None:
    (root / "Annotations/480p/bee/00003.png").unlink()
    (root / "JPEGImages/480p/bee").mkdir(parents=True)
    (root / "JPEGImages/480p/bee/00003.jpg").touch()
    assert evaluate(predictions, root).dataset_figures["J_mean"].item() == pytest.approx(J)


def test_zip_and_zarr_and_store_give_what_the_folder_gives(
    root: Path, predictions: Path, tmp_path: Path
) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "zipped"), "zip", tmp_path, "mine"))
    group = zarr.open_group(tmp_path / "group.zarr", mode="w")
    store = ArtifactStore(str(tmp_path / "store"))
    for video, objects in VIDEOS.items():
        maps = np.stack([moving(objects, index, 1) for index in range(6)])
        holder = group.create_group(video)
        holder.create_array("label_maps", data=maps)
        names = [f"{index:05d}" for index in range(6)]
        ids = tuple(range(1, objects + 1))
        with write_prediction(
            store,
            f"key-{video}",
            video=video,
            size=SIZE,
            objects=ids,
            frame_names=names,
            metadata={},
        ) as writer:
            for index, labels in enumerate(maps):
                writer.add(index, labels, [0] * objects, np.zeros((objects, 4)), [1] * objects)
    expected = evaluate(predictions, root).per_frame
    for made in (archive, tmp_path / "group.zarr", tmp_path / "store"):
        pd.testing.assert_frame_equal(evaluate(made, root, workers=1).per_frame, expected)
        travelled = pickle.loads(pickle.dumps(open_predictions(made)))
        names = travelled.frames("ant", names)
        labels = travelled.label_map("ant", names[2], ReadOptions())
        np.testing.assert_array_equal(labels, moving(2, 2, 1))
    one = evaluate(tmp_path / "store/predictions/key-bee", root, videos=["bee"])
    assert one.dataset_figures["J_mean"].item() == pytest.approx(J)


def test_tables_as_files(root: Path, predictions: Path, tmp_path: Path) -> None:
    result = evaluate(predictions, root, stability=False)
    write_tables(result, OutputFolder(tmp_path / "out"))
    write_official(result, OutputFolder(tmp_path / "out"))
    for name, table in result.named().items():
        stored = pd.read_parquet(tmp_path / "out" / f"{name}.parquet")
        pd.testing.assert_frame_equal(stored, table)
        assert len(pd.read_csv(tmp_path / "out" / f"{name}.csv")) == len(table)
        text = (tmp_path / "out" / f"{name}.md").read_text()
        assert text.startswith("# mine: ")
        assert text.count("\n|") == len(table) + 2
    official = (tmp_path / "out/global_results-val.csv").read_text()
    header = "J&F-Mean,J-Mean,J-Recall,J-Decay,F-Mean,F-Recall,F-Decay\n"
    assert official == f"{header}0.875,0.750,1.000,0.000,1.000,1.000,0.000\n"
    assert (tmp_path / "out/per-sequence_results-val.csv").read_text() == (
        "Sequence,J-Mean,F-Mean\nant_1,0.750,1.000\nant_2,0.750,1.000\nbee_1,0.750,1.000\n"
    )


def test_generated_videos_need_no_root(tmp_path: Path) -> None:
    request = EvaluationRequest(tmp_path, DatasetSpec("synthetic"), ["val-000"])
    with pytest.raises(ParameterError, match="missing sequences: val-000"):
        evaluate_predictions(request)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"protocol": "davis"}, "unknown protocol 'davis'; choose one of davis2016"),
        ({"workers": 0}, "give 1 or more"),
        ({"dataset": "davis"}, "unknown data set 'davis'"),
    ],
)
def test_other_mistakes(root: Path, predictions: Path, options: dict[str, Any], words: str) -> None:
    assert words in refusal(predictions, root, **options)
