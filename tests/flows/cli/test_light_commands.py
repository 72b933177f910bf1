"""Which modules light commands load; each command runs in a new process."""

from pathlib import Path

import pytest

from flows.cli.app import app
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tests.flows.loaded_modules import loaded
from tests.flows.own_video import write_own_video
from tests.flows.tiny import OVERRIDES

UNUSED_BY_ONE_CLIP = "prefect distributed dask torch matplotlib"
"""Masks are read with numba, which loads scipy, and the report has tables of pandas."""
HEAVY = f"{UNUSED_BY_ONE_CLIP} pandas numba scipy"
READERS = "zarr cv2 fsspec av scenedetect"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)


def command(*tokens: object) -> str:
    """A statement that runs the command line and checks that it succeeds."""
    words = [str(token) for token in tokens]
    run = f"app({words!r}, result_action='return_value')"
    return f"from flows.cli.app import app\ncode = {run}\nif code: sys.exit(f'exit code {{code}}')"


@pytest.fixture
def segmented(tmp_path: Path) -> Path:
    """A store with one run, made of one video by `propagate`."""
    drawn = [f"{key}={value}" for key, value in OVERRIDES.items() if key.startswith("synthetic")]
    store = tmp_path / "store"
    asked = ["benchmark", "--preset", "propagate", "--compare", "", "--videos", "val-000"]
    options = ["--store", str(store), "--run-id", "run", "--set", *drawn]
    assert app([*asked, *options], result_action="return_value") == 0
    return store


def test_status_and_report_load_nothing_heavy(segmented: Path) -> None:
    asked = ["report", "run", "--store", str(segmented)]
    assert app(asked, result_action="return_value") == 0  # writes the page
    for tokens in (["status"], ["status", "run"], ["report", "run"]):
        done = loaded(command(*tokens, "--store", segmented), f"{HEAVY} {READERS}")
        assert done.returncode == 0, (tokens, done.stdout, done.stderr)
        assert "run" in done.stdout


def test_one_clip_without_a_network_is_segmented_in_the_process(tmp_path: Path) -> None:
    clip = write_own_video(tmp_path)
    asked = ["segment", clip, "--mask", tmp_path / "first.png", "--preset", "propagate"]
    where = ["--store", tmp_path / "store", "--out", tmp_path / "out", "--run-id", "run"]
    done = loaded(command(*asked, *where), UNUSED_BY_ONE_CLIP)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "out" / "walk").glob("*.png"))) == 5
    record = RunLedger(ArtifactStore(str(tmp_path / "store")), "run").read("walk")
    assert record is not None
    assert record.state == "done"
    assert {stage.worker for stage in record.stages.values()} == {"this process"}


def test_a_run_loads_prefect_and_dask_only_to_use_them() -> None:
    modules = "flows.commands.execution, flows.runs.run_flow, flows.runs.whole_run"
    done = loaded(f"import {modules}, tasks.units", HEAVY)
    assert done.returncode == 0, done.stderr


def test_units_without_a_network_load_no_torch() -> None:
    modules = "maskrnn_core.inference, maskrnn_core.optical_flow.streaming, tasks.units"
    done = loaded(f"import {modules}, tasks.dask_bridge.worker_log", "torch torchvision")
    assert done.returncode == 0, done.stderr


def test_a_network_without_boxes_loads_no_compiler() -> None:
    step = """
import torch
from maskrnn_core.networks import build_network
from maskrnn_core.presets import preset

network = build_network(preset("lucid").network).eval()
with torch.inference_mode():
    network(torch.zeros(1, 3, 32, 64), torch.zeros(1, 1, 32, 64), None)
"""
    done = loaded(step, "torchvision torch._dynamo")
    assert done.returncode == 0, done.stderr
