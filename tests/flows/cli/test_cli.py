"""The command line: help, bad input, exit codes."""

import sys
from pathlib import Path

import pytest

from flows.cli.app import app, main
from storage.runs.ledger import RunLedger, StageRecord, VideoRecord
from storage.store.artifacts import ArtifactStore
from tests.command_line import run
from tests.flows.loaded_modules import loaded


@pytest.mark.parametrize(
    "command",
    [
        "benchmark",
        "ablation",
        "ingest",
        "flow",
        "train",
        "segment",
        "evaluate",
        "status",
        "rerun",
        "report",
        "verify",
        "weights",
        "doctor",
    ],
)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    app([command, "--help"], result_action="return_value")
    assert f"maskrnn {command}" in capsys.readouterr().out


def test_help_loads_nothing_heavy() -> None:
    help_page = (
        "from flows.cli.app import app\napp(['benchmark', '--help'], result_action='return_value')"
    )
    done = loaded(help_page, "prefect torch zarr pandas pydantic distributed cv2")
    assert done.returncode == 0, done.stderr


def test_a_run_that_reuses_everything_needs_no_torch_and_no_cluster() -> None:
    done = loaded(
        "import flows.runs.driver, flows.commands.execution", "torch numba distributed matplotlib"
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (["benchmark", "--dataset", "nope"], "unknown data set 'nope'"),
        (["benchmark", "--dataset", "davis2016"], "--root"),
        (["benchmark", "--dataset", "davis2016", "--root", "/no/such"], "is not there"),
        (["benchmark", "--root", "/no/such"], "is not there"),
        (["segment", "--root", "/usr"], "name its kind with --dataset"),
        (["train", "--root", "/usr", "--dataset", "synthetic"], "would not be read from /usr"),
        (["benchmark", "--set", "finetune.iters=3"], "finetune.iterations"),
        (["benchmark", "--set", "foo"], "takes key=value"),
        (["benchmark", "--resolution", "3"], "greater than or equal to 32"),
        (["benchmark", "--train-videos", "0"], "greater than or equal to 1"),
        (["benchmark", "--preset", "smal"], "did you mean small"),
        (["benchmark", "--flow", "nope"], "choose one of"),
        (["flow", "--flow", "flownet2"], "needs weights"),
        (["flow", "--flow", "dis", "--flow-weights", "x.pth"], "takes no weights"),
        (["flow", "--flow", "flownet2", "--flow-weights", "/no/such.pth"], "cannot read the flow"),
        (["benchmark", "--videos", "val-999"], "has no video val-999"),
        (["benchmark", "--split", "test"], "has no split 'test'"),
        (["benchmark", "--parent", "nope"], "neither a file nor a key"),
        (["train", "--initial-weights", "/no/such.pth"], "cannot read the initial weights"),
        (["status", "nope"], "nope"),
        (["report", "nope"], "nope"),
        (["verify", "nope"], "no artifact"),
        (["benchmark", "--bogus", "1"], "--bogus"),
        (["nope"], "nope"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(
    tokens: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MASKRNN_STORE", str(tmp_path / "store"))
    assert run(monkeypatch, *tokens) == 2
    printed = capsys.readouterr()
    assert message in printed.err + printed.out
    assert "Traceback" not in printed.err
    assert " run " not in printed.err.partition("maskrnn: ")[0]  # no run is named that is refused
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("tokens", "needed"),
    [
        (["evaluate"], "evaluate needs PREDICTIONS: a folder or zip file with"),
        (["export", "RUN"], "export needs --out DIR: folder for the files"),
        (["correct", "RUN"], "correct needs --mask: FRAME=FILE, an image with"),
        (
            ["rerun"],
            "rerun needs RUN: name of the run, as its command printed it; `maskrnn",
        ),
        (["weights", "get"], "weights get needs NAME: vgg16, vgg16-hed or maskrcnn"),
        (["export", "RUN", "--out"], 'Command "export" parameter --out requires an argument.'),
    ],
)
def test_a_missing_argument_is_named_with_what_it_is(
    tokens: list[str],
    needed: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run(monkeypatch, *tokens) == 2
    assert needed in capsys.readouterr().err


def test_the_data_set_is_told_by_the_layout_of_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "frames" / "walk").mkdir(parents=True)
    tokens = ["ingest", "--root", str(tmp_path), "--videos", "run", "--store", str(tmp_path / "s")]
    assert run(monkeypatch, *tokens) == 2
    told = capsys.readouterr().err
    assert f"{tmp_path} is read as the data set folder, by its layout" in told
    assert ", by lucid" not in told
    assert "folder split val has no video 'run'" in told


def test_debug_shows_the_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = ["benchmark", "--preset", "smal", "--debug", "--store", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["maskrnn", *tokens])
    with pytest.raises(ValueError, match="unknown preset"):
        main()


def test_status_and_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = RunLedger(ArtifactStore(str(tmp_path)), "nightly")
    ledger.begin({}, "0.1.0")
    done = StageRecord("done", 2.5, worker="worker-0")
    failed = StageRecord("failed", error="frame 3 is [torn]")
    ledger.write(VideoRecord("libby", "k", "done", 1, {"ingest": done}))
    ledger.write(VideoRecord("camel", None, "failed", 2, {"ingest": failed}))
    ledger.write(VideoRecord("parent/small", None, "done", 1, {"train": done}))
    assert run(monkeypatch, "status", "nightly", "--store", str(tmp_path)) == 1
    shown = capsys.readouterr().out
    assert "camel (attempt 2)" in shown
    assert "[torn]" in shown
    assert "worker-0" in shown
    assert "failed in part; videos: 1 done, 1 failed; for training: 1 done" in shown
    assert run(monkeypatch, "status", "nightly", "--watch", "--store", str(tmp_path)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any(line.endswith("camel ingest failed frame 3 is [torn]") for line in lines)
    assert run(monkeypatch, "status", "nightli", "--store", str(tmp_path)) == 2
    assert "mean nightly?" in capsys.readouterr().err
    assert run(monkeypatch, "status", "--store", str(tmp_path)) == 0
    row = capsys.readouterr().out.splitlines()[-1].split()
    assert (row[0], row[2:]) == ("nightly", ["failed", "in", "part", "2", "1"])
    assert run(monkeypatch, "report", "nightly", "--store", str(tmp_path)) == 0
    page = capsys.readouterr().out.removeprefix("Page: ").strip()
    assert "frame 3 is [torn]" in Path(page).read_text()
    assert run(monkeypatch, "report", "nightly", "--store", str(tmp_path), "--embed") == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in printed] == ["Page", "One file"]
