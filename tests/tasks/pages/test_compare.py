"""Comparison of results: differences, the paired test, the page, the command."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from flows.commands.compare import compare_results
from storage.errors import MissingArtifactError, OccupiedOutputError
from storage.files.output_folder import OutputFolder
from storage.runs.all_runs import list_runs
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.pages.compare_page import compared, markdown, write_comparison
from tasks.pages.contestants import Contestant, find_contestants
from tasks.pages.paired import differences, paired_tests
from tests.tasks.evaluation.trees import write_davis, write_predictions
from tests.tasks.pages.made_run import MadeRun, make_run

pytestmark = pytest.mark.timeout(600)  # on a busy machine a browser starts slowly

NO_DATA = (None, None, None)


def figures(**region: float) -> pd.DataFrame:
    return pd.DataFrame({"J": region, "F": dict.fromkeys(region, 0.5)}).rename_axis("video")


def test_differences_are_of_common_sequences_and_the_largest_come_first() -> None:
    first = figures(bear=0.5, camel=0.5, surf=0.5, swing=0.5)
    other = figures(bear=0.625, camel=0.25, surf=0.5, train=0.75)
    table = differences(first, other)
    assert table["video"].tolist() == ["camel", "bear", "surf"]
    assert table["J"].tolist() == [-0.25, 0.125, 0.0]
    assert table["F"].tolist() == [0.0, 0.0, 0.0]


def test_the_interval_is_students() -> None:
    first = figures(a=0.0, b=0.0, c=0.0, d=0.0)
    region, contour = paired_tests(differences(first, figures(a=0.1, b=0.2, c=0.3, d=0.4)))
    half = 3.182446 * math.sqrt(0.05 / 3) / 2  # t of 3 degrees of freedom, standard error
    assert (region.low, region.high) == pytest.approx((0.25 - half, 0.25 + half), abs=1e-6)
    assert region.p_value == pytest.approx(0.030466, abs=1e-5)
    assert region.rank_p_value == pytest.approx(2 / 2**4)
    assert region.verdict == "better"
    assert (contour.mean, contour.verdict) == (0.0, "no difference shown")
    assert math.isnan(contour.p_value)


def test_too_few_sequences_are_no_evidence() -> None:
    (test, _) = paired_tests(differences(figures(a=0.25), figures(a=0.75)))
    assert (test.mean, test.verdict) == (0.5, "one sequence is no evidence")
    same = figures(a=0.25, b=0.5)
    (test, _) = paired_tests(differences(same, same + 0.125))
    assert (test.low, test.high, test.verdict) == (0.125, 0.125, "better")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ArtifactStore:
    """Two runs on the same videos."""
    made = ArtifactStore(str(tmp_path_factory.mktemp("compare")))
    names = ("bear", "camel", "=surf|<b>")
    make_run(made, "one", MadeRun(names, ("small", "propagate"), frames=4))
    make_run(made, "two", MadeRun(names, ("propagate",), frames=4))
    return made


def test_presets_and_runs_are_compared_on_the_terminal(
    store: ArtifactStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = compare_results(
        store.url, ["one", "one:propagate"], NO_DATA, tmp_path / "page", open_page=False
    )
    assert code == 0
    printed = capsys.readouterr().out
    assert "one:propagate against one" in printed
    assert "-0.250" in printed  # half of the mean J, 0.5
    assert "=surf\\|\\<b\\>" in printed
    assert str(tmp_path / "page" / "comparison.html") in printed
    assert "+0.000" in markdown(find_contestants(store, ["one", "two"], None))


def test_files_in_the_users_folder_stay(store: ArtifactStore, tmp_path: Path) -> None:
    names = ["one", "one:propagate"]
    (tmp_path / "bear").mkdir()
    mine = [tmp_path / "comparison.html", tmp_path / "bear" / "00000.png"]
    for path in mine:
        path.write_bytes(b"mine")
    with pytest.raises(OccupiedOutputError, match=r"comparison\.html exists already"):
        compare_results(store.url, ["no such run"], NO_DATA, tmp_path, open_page=False)
    mine[0].unlink()
    for _ in range(2):
        assert compare_results(store.url, names, NO_DATA, tmp_path, open_page=False) == 0
    with pytest.raises(OccupiedOutputError, match=r"00000\.png exists already"):
        OutputFolder(tmp_path).check(folders=["bear"])
    assert mine[1].read_bytes() == b"mine"


def test_a_report_folder_of_an_earlier_version_is_used(
    store: ArtifactStore, tmp_path: Path
) -> None:
    (tmp_path / "comparison.html").write_bytes(b"by a version that kept no list")
    contestants = find_contestants(store, ["one", "two"], None)
    page = write_comparison(contestants, tmp_path, is_users=False)
    assert page.read_bytes().startswith(b"<!")


def test_names_that_mean_nothing_are_explained(store: ArtifactStore) -> None:
    with pytest.raises(ParameterError, match="two results or more"):
        markdown([])
    with pytest.raises(Exception, match="no run ones"):
        find_contestants(store, ["ones"], None)
    with pytest.raises(ParameterError, match="named twice"):
        find_contestants(store, ["one", "one"], None)
    with pytest.raises(ParameterError, match="two results or more"):
        compared(find_contestants(store, ["one"], None))
    lonely = Contestant("other", pd.DataFrame({"video": ["x"], "J_mean": 1, "F_mean": 1}), store)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="no sequence in common"):
        compared([*find_contestants(store, ["one"], None), lonely])


def test_a_data_set_is_named_with_its_folder(store: ArtifactStore) -> None:
    for data, named in (
        ((None, "/data", None), "--root needs"),
        ((None, "/data", "train"), "--root and --split need"),
    ):
        with pytest.raises(ParameterError, match=f"{named} the name of a data set: give --dataset"):
            compare_results(store.url, ["one", "two"], data, None, open_page=False)


def test_predictions_are_evaluated_on_the_videos_of_the_first_run(tmp_path: Path) -> None:
    root = write_davis(tmp_path / "davis", "2017", {"bear": 1, "camel": 1})
    made = ArtifactStore(str(tmp_path / "store"))
    make_run(made, "one", MadeRun(("bear",), ("small",), frames=3))
    ledger = RunLedger(made, "one")
    asked = {**ledger.info().parameters, "root": str(root), "videos": ["bear"]}
    ledger.begin(asked, "0.1.0", ["bear"])
    other = write_predictions(tmp_path / "other", {"bear": 1})
    _, found = find_contestants(made, ["one", str(other)], None)
    assert set(found.per_object["video"]) == {"bear"}
    ledger.begin({**asked, "videos": ["bear", "camel"]}, "0.1.0", ["bear"])
    with pytest.raises(ParameterError, match="missing sequences: camel") as caught:
        find_contestants(made, ["one", str(other)], None)
    assert "--missing" not in str(caught.value)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ("segmented:first-frame", r"segmented has no results by first-frame \(by: small\)"),
        ("one:paper", r"one has no results by paper \(by: small, propagate\)"),
        ("nopath.zip", r"nopath\.zip is neither a run nor a path"),
        ("segmentd", "There is no run segmentd"),
        ("one", "the run segmented has no annotations, so there is nothing to compare"),
    ],
)
def test_that_a_result_exists_is_checked_before_its_figures(
    store: ArtifactStore, other: str, why: str
) -> None:
    if "segmented" not in {info.run_id for info in list_runs(store)}:
        made = MadeRun(("bear",), ("small",), frames=4, evaluated=False)
        make_run(store, "segmented", made)
        ledger = RunLedger(store, "segmented")
        parameters = {**ledger.info().parameters, "dataset": "video", "masks": "/first.png"}
        ledger.begin(parameters, "0.1.0", ["bear"])
    with pytest.raises((ParameterError, MissingArtifactError), match=why):
        find_contestants(store, ["segmented", other], None)


def test_predictions_of_other_programs_are_compared_and_shown(
    store: ArtifactStore, tmp_path: Path
) -> None:
    first = find_contestants(store, ["one"], None)[0]

    class Predictions:
        name, place = "other", "other"

        def frames(self, video: str, annotated: Any) -> list[str] | None:
            return list(annotated[:2]) if video == "bear" else None

        def label_map(self, video: str, frame: str, options: Any) -> Any:
            return np.ones((48, 64), np.uint8)

    other = Contestant("other", first.per_object, first.per_frame, predictions=Predictions())
    assert first.run is not None
    shown = first.run.shown("bear")
    assert shown is not None
    method = other.method(shown)
    assert method is not None
    assert method.label_map(1).all()
    assert not method.label_map(2).any()
    page = write_comparison([first, other], tmp_path)
    assert "other" in page.read_text()


def test_the_page_shows_two_results_side_by_side(
    store: ArtifactStore, tmp_path: Path, open_page: Any
) -> None:
    contestants = find_contestants(store, ["one", "one:propagate"], None)
    page = open_page(write_comparison(contestants, tmp_path))
    page.at_frame(0, 3)
    page.page.wait_for_selector("#beside:not([hidden])")
    assert page.text("#stage-title") == "one"
    assert page.text("#beside-title") == "one:propagate"
    rows = page.column("#differences-table", 6)
    assert len(rows) == 3
    assert all(text.startswith("\N{MINUS SIGN}") for text in rows)
    assert "no difference shown" in page.text("#headline") or "worse" in page.text("#headline")
    page.page.click("#differences-table tbody button >> nth=1")
    page.page.wait_for_function("() => document.getElementById('video').value === '1'")
