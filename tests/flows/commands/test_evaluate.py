"""`maskrnn evaluate` on tiny data, as a user calls it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from flows.cli.app import app
from maskrnn_core.metrics.protocols import PROTOCOLS
from storage.files.output_record import RECORD
from tests.command_line import run
from tests.flows.loaded_modules import loaded
from tests.tasks.evaluation.trees import write_davis, write_predictions

VIDEOS = {"ant": 2, "bee": 1}


@pytest.fixture
def data(tmp_path: Path) -> list[str]:
    root = write_davis(tmp_path / "davis", "2017", VIDEOS)
    return ["--dataset", "davis2017", "--root", str(root)]


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    return write_predictions(tmp_path / "mine", VIDEOS)


def test_figures_and_files(
    data: list[str],
    predictions: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    tokens = ["--predictions", str(predictions), *data, "--out", str(out), "--official-csv"]
    assert run(monkeypatch, "evaluate", *tokens) == 0
    shown = capsys.readouterr().out
    assert "0.750" in shown
    assert "Protocol davis2017-semi-supervised." in shown
    assert str(out) in shown
    names = {path.name for path in out.iterdir()}
    tables = ("per_frame", "per_object", "per_sequence", "dataset")
    assert names == {f"{name}.{kind}" for name in tables for kind in ("csv", "parquet", "md")} | {
        "global_results-val.csv",
        "per-sequence_results-val.csv",
        RECORD,
    }
    assert len(pd.read_parquet(out / "per_frame.parquet")) == 18


@pytest.mark.parametrize("name", ["per_object.csv", "global_results-val.csv"])
def test_files_of_the_users_stay(
    name: str,
    data: list[str],
    predictions: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_bytes(b"mine")
    tokens = [str(predictions), *data, "--out", str(out), "--official-csv"]
    assert run(monkeypatch, "evaluate", *tokens) == 2
    printed = capsys.readouterr()
    assert f"{name} exists already and was not written" in printed.err
    assert not printed.out
    assert [path.read_bytes() for path in out.iterdir()] == [b"mine"]


def test_part_of_the_data_and_another_protocol(
    data: list[str],
    predictions: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.rmtree(predictions / "ant")
    options = ["--videos", "bee", "--protocol", "paper", "--no-stability", "--workers", "1"]
    assert run(monkeypatch, "evaluate", str(predictions), *data, *options) == 0
    shown = capsys.readouterr().out
    assert "Protocol paper." in shown
    assert "ant" not in shown


def test_all_offenders_in_one_message_and_exit_code_2(
    data: list[str],
    predictions: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.rmtree(predictions / "bee")
    (predictions / "ant/00002.png").unlink()
    (predictions / "ant/00003.png").write_bytes(b"no image")
    out = ["--out", str(tmp_path / "out")]
    assert run(monkeypatch, "evaluate", str(predictions), *data, *out) == 2
    told = capsys.readouterr().err
    assert told.count("maskrnn: ") == 1
    for words in ("missing sequences: bee", "missing frames: 00002", "ant/00003.png"):
        assert words in told
    assert "Traceback" not in told
    assert not (tmp_path / "out").exists()
    (predictions / "ant/00003.png").unlink()
    assert run(monkeypatch, "evaluate", str(predictions), *data, "--missing=empty") == 0
    assert "counted as empty" in capsys.readouterr().out


def rows(printed: str) -> dict[str, list[str]]:
    """Cells of the lines of the sequences, by their first."""
    lines = (line.split() for line in printed.splitlines())
    return {cells[0]: cells[1:] for cells in lines if cells and cells[0] in VIDEOS}


def test_a_dry_run_says_what_would_be_evaluated_and_writes_nothing(
    data: list[str],
    predictions: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (predictions / "bee" / "00000.png").unlink()  # the protocol does not count it
    out = tmp_path / "out"
    before = sorted(tmp_path.rglob("*"))
    tokens = [str(predictions), *data, "--out", str(out), "--official-csv", "--dry-run"]
    assert run(monkeypatch, "evaluate", *tokens) == 0
    printed = capsys.readouterr().out
    assert rows(printed) == {"ant": ["2", "6", "4", "0"], "bee": ["1", "6", "4", "0"]}
    assert "2 sequences, 3 objects, 12 frames." in printed
    assert "Protocol davis2017-semi-supervised, with T." in printed
    assert f"Tables would be written to {out}" in printed
    assert "0.750" not in printed
    assert sorted(tmp_path.rglob("*")) == before


def test_a_dry_run_is_refused_where_the_evaluation_would_be(
    data: list[str],
    predictions: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.rmtree(predictions / "bee")
    (predictions / "ant/00002.png").unlink()
    tokens = [str(predictions), *data, "--dry-run"]
    assert run(monkeypatch, "evaluate", *tokens) == 2
    printed = capsys.readouterr()
    assert rows(printed.out) == {"ant": ["2", "6", "4", "1"], "bee": ["1", "6", "4", "4"]}
    for words in ("missing sequences: bee", "ant, missing frames: 00002"):
        assert words in printed.err
    assert run(monkeypatch, "evaluate", *tokens, "--missing=empty", "--no-stability") == 0
    printed = capsys.readouterr()
    assert "5 missing frames would count as empty." in printed.out
    assert "without T." in printed.out
    assert "no file written" in printed.out
    (tmp_path / "per_frame.csv").write_bytes(b"mine")
    tokens += ["--missing=empty", "--out", str(tmp_path)]
    assert run(monkeypatch, "evaluate", *tokens) == 2
    assert "per_frame.csv exists already" in capsys.readouterr().err


def test_a_dry_run_says_that_no_frame_would_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_davis(tmp_path / "davis", "2017", {"bee": 1}, frames=2)
    made = write_predictions(tmp_path / "mine", {"bee": 1}, range(2))
    tokens = [str(made), "--dataset", "davis2017", "--root", str(root), "--dry-run"]
    assert run(monkeypatch, "evaluate", *tokens) == 2
    assert "no frame of bee counts" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        (["--official-csv"], "--out"),
        (["--protocol", "davis"], "unknown protocol 'davis'"),
        (["--split", "test"], "has no split 'test'"),
        (["--videos", "cat"], "no video 'cat'"),
        (["--workers", "0"], "give 1 or more"),
        (["--missing", "none"], "--missing"),
    ],
)
def test_bad_options(
    data: list[str],
    predictions: Path,
    tokens: list[str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, "evaluate", str(predictions), *data, *tokens) == 2
    printed = capsys.readouterr()
    assert words in printed.err + printed.out


def test_missing_predictions(
    data: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "evaluate", "/no/such/folder", *data) == 2
    assert "are not there" in capsys.readouterr().err


def test_it_needs_no_prefect_and_no_torch() -> None:
    statement = "import flows.cli.app, flows.commands.evaluate, flows.console.failures"
    done = loaded(statement, "prefect torch numba distributed matplotlib")
    assert done.returncode == 0, done.stderr


def test_help_loads_next_to_nothing() -> None:
    page = (
        "from flows.cli.app import app\napp(['evaluate', '--help'], result_action='return_value')"
    )
    done = loaded(page, "prefect torch zarr pandas numpy cv2 numba pydantic")
    assert done.returncode == 0, done.stderr


def test_help_names_every_protocol(capsys: pytest.CaptureFixture[str]) -> None:
    app(["evaluate", "--help"], result_action="return_value")
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert [name for name in PROTOCOLS if name not in shown] == []


def test_as_a_process_with_two_workers(data: list[str], predictions: Path) -> None:
    command = [sys.executable, "-m", "flows.cli.app", "evaluate", str(predictions), *data]
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [*command, "--workers", "2"], capture_output=True, text=True, check=False, cwd=root
    )
    assert done.returncode == 0, done.stderr
    assert "0.750" in done.stdout


def test_the_layout_of_the_folder_tells_the_data_set(
    predictions: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = write_davis(tmp_path / "davis", "2017", VIDEOS)
    (root / "JPEGImages" / "480p").mkdir(parents=True, exist_ok=True)
    tokens = ["evaluate", str(predictions), "--no-stability"]
    assert run(monkeypatch, *tokens, "--root", str(root)) == 0
    shown = capsys.readouterr()
    assert "is read as the data set davis2017, by its layout" in shown.err
    assert "0.750" in shown.out
    assert run(monkeypatch, *tokens) == 2
    assert "evaluate needs --dataset NAME, or --root DIR" in capsys.readouterr().err
