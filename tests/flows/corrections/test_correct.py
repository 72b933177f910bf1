"""`maskrnn correct`: a mask is added to a result of a run, and again to the corrected one."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flows.cli.app import app
from flows.corrections.results import find_run
from maskrnn_core.synthetic import SyntheticOptions, synthetic_videos
from storage.kinds.checkpoints import FINETUNED, load_checkpoint
from storage.kinds.predictions import StoredPrediction
from storage.store.artifacts import ArtifactStore
from tests.flows.tiny import OVERRIDES
from tests.tasks.inline import InlineBridge

AT, VIDEO, FRAMES = 3, "val-000", 5
OBJECT = 1


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr("flows.runs.whole_run.Bridge", lambda *_, **__: InlineBridge())


def run(*tokens: object) -> int:
    code = app([str(token) for token in tokens], result_action="return_value")
    assert isinstance(code, int)
    return code


def made(store: Path, preset: str, command: str = "segment") -> None:
    """A run of one video."""
    asked = [command, "--dataset", "synthetic", "--preset", preset, "--videos", VIDEO]
    asked += ["--compare", ""] if command == "benchmark" else []
    chosen = [f"{key}={value}" for key, value in OVERRIDES.items()]
    if preset != "small":
        chosen = [text for text in chosen if text.startswith("synthetic")]
    assert run(*asked, "--run-id", "run", "--store", store, "--set", *chosen) == 0


def corner(tmp_path: Path) -> Path:
    mask = np.zeros((48, 64), np.uint8)
    mask[2:20, 2:20] = OBJECT
    Image.fromarray(mask).save(tmp_path / "corner.png")
    return tmp_path / "corner.png"


def result(store: Path, name: str) -> StoredPrediction:
    return find_run(ArtifactStore(str(store)), name).prediction(VIDEO)


def corrected_runs(store: Path) -> list[str]:
    return sorted(path.name for path in (store / "runs").iterdir() if "corrected" in path.name)


@pytest.mark.timeout(400)
def test_a_correction_is_finetuned_on_and_computed_from_its_frame_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, mask = tmp_path / "store", corner(tmp_path)
    made(store, "small", "benchmark")
    before = result(store, "run")
    old = [before.label_map(index) for index in range(FRAMES)]
    asked = ["correct", "run", "--mask", f"{AT}={mask}", "--store", store]
    assert run(*asked, "--out", tmp_path / "out") == 0
    told = capsys.readouterr().out
    assert "Computed 2 of 5 frames; the 3 frames before are those of the result before." in told
    assert len(list((tmp_path / "out" / VIDEO).glob("*.png"))) == FRAMES
    (name,) = corrected_runs(store)
    after = result(store, name)
    for index in range(AT):
        np.testing.assert_array_equal(after.label_map(index), old[index])
    np.testing.assert_array_equal(
        after.label_map(AT) == OBJECT, np.asarray(Image.open(mask)) == OBJECT
    )
    np.testing.assert_array_equal(result(store, "run").label_map(AT), old[AT])

    weights, former = after.metadata["weights"], before.metadata["weights"]
    assert [i for i in weights if weights[i] != former[i]] == [str(OBJECT)]
    tuned = load_checkpoint(ArtifactStore(str(store)), FINETUNED, weights[str(OBJECT)])[1]
    assert (tuned["frames"], tuned["started_from"]) == ([0, AT], former[str(OBJECT)])
    assert after.metadata["corrected"]["prediction"] == before.key
    summary = json.loads((store / "runs" / name / "report" / "summary.json").read_text())
    assert summary["masks"][VIDEO][str(OBJECT)] == [0, AT]
    report = (store / "runs" / name / "report" / "summary.md").read_text()
    assert "have several given masks" in report
    assert run("rerun", name, "--store", store, "--dry-run") == 0
    assert "0 to compute" in capsys.readouterr().out

    again = ["correct", name, VIDEO, "--mask", f"00004={mask}", "--store", store]
    assert run(*again, "--set", "finetune.iterations=1") == 0
    second = next(run_id for run_id in corrected_runs(store) if run_id != name)
    assert second.count("corrected") == 1
    found = result(store, second)
    assert found.metadata["first_changed"] == 4
    assert found.metadata["masks"][str(AT)] == found.metadata["masks"]["4"] == [OBJECT]
    tuned = load_checkpoint(ArtifactStore(str(store)), FINETUNED, found.metadata["weights"]["1"])[1]
    assert (tuned["frames"], tuned["started_from"]) == ([0, AT, 4], weights[str(OBJECT)])


def test_true_annotations_do_not_reach_a_corrected_result(tmp_path: Path) -> None:
    store, mask = tmp_path / "store", corner(tmp_path)
    made(store, "first-frame")
    asked = ["correct", "run", "--mask", f"{AT}={mask}", "--store", store]
    assert run(*asked) == 0
    (name,) = corrected_runs(store)
    after = result(store, name)
    assert [sorted(ids) for ids in after.metadata["masks"].values()][1:] == [[OBJECT]]
    synthetic = SyntheticOptions(size=(48, 64), videos_val=2, frames_val=FRAMES)
    true = synthetic_videos("val", synthetic)[0].label_map(4)
    shown = np.asarray(Image.open(mask)) == OBJECT
    np.testing.assert_array_equal(after.label_map(4) == OBJECT, shown)
    assert (shown != (true == OBJECT)).any()


@pytest.mark.parametrize(
    ("tokens", "why"),
    [
        (["nowhere", "--mask", "3=MASK"], "There is no run nowhere"),
        (["run", "val-009", "--mask", "3=MASK"], "no video 'val-009'"),
        (["run", "--mask", "MASK"], "write FRAME=FILE"),
        (["run", "--mask", "77=MASK"], "no frame '77'"),
        (["run", "--mask", "3=OTHER"], "OTHER of frame 00003 shows object 99, which val-000 does"),
        (["run", "--mask", "3=OTHER"], "erase object 99 in OTHER, or start again with all objects"),
        (["run", "--mask", "3=OTHER"], "`maskrnn segment VIDEO --mask 0=FIRST --mask 00003=OTHER`"),
        (["run:small", "--mask", "3=MASK"], "no results by small"),
    ],
)
def test_bad_corrections_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tokens: list[str], why: str
) -> None:
    store, mask = tmp_path / "store", corner(tmp_path)
    other = np.where(np.asarray(Image.open(mask)) > 0, 99, 0).astype(np.uint8)
    Image.fromarray(other).save(tmp_path / "other.png")
    made(store, "first-frame")
    capsys.readouterr()
    files = {"MASK": str(mask), "OTHER": str(tmp_path / "other.png")}
    for name, file in files.items():
        tokens = [token.replace(name, file) for token in tokens]
        why = why.replace(name, file)
    assert run("correct", *tokens, "--store", store) == 2
    assert why in " ".join(capsys.readouterr().err.split())
    assert not corrected_runs(store)
