"""A run that was killed: which of its videos a rerun processes, and what its end tells."""

from pathlib import Path

import pytest

from flows.plan.parameters import BenchmarkParameters
from flows.runs.rerun import RerunParameters, carry_out_rerun, prepare_rerun
from flows.runs.rerun_choice import choose_videos
from storage.runs.ledger import RunLedger, VideoRecord
from storage.store.artifacts import ArtifactStore
from tests.tasks.inline import InlineBridge

NAMES = ["val-000", "val-001", "val-002"]


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    """With a run of three videos: one was cut off, two were not begun."""
    opened = ArtifactStore(str(tmp_path))
    ledger = RunLedger(opened, "night")
    options = {
        "synthetic.videos_val": "3",
        "synthetic.frames_val": "3",
        "synthetic.size": "[48,64]",
    }
    parameters = BenchmarkParameters(
        store=opened.url,
        run_id="night",
        preset="first-frame",
        compare=(),
        overrides=options,
        until="segment",
    )
    ledger.begin(parameters.model_dump(mode="json"), "0.1.0", NAMES)
    ledger.write(VideoRecord("val-000", state="running", attempt=1, driver="gone"))
    return opened


def test_failed_means_all_that_failed_or_were_cut_off(store: ArtifactStore) -> None:
    ledger = RunLedger(store, "night")
    assert choose_videos(store, "night", NAMES, True, None) == frozenset(NAMES)
    ledger.write(VideoRecord("val-001", state="done", attempt=1))
    ledger.write(VideoRecord("train/a", state="running", attempt=1, driver="gone"))
    assert choose_videos(store, "night", NAMES, True, None) == frozenset({"val-000", "val-002"})
    assert choose_videos(store, "night", NAMES, True, ["val-001", "val-002"]) == frozenset(
        {"val-002"}
    )


def test_videos_that_never_ran_do_not_count_as_done(
    store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.runs.whole_run.Bridge", lambda *_, **__: InlineBridge())
    asked = RerunParameters(run="night", videos=("val-001",), store=store.url)
    end = carry_out_rerun(prepare_rerun(asked))
    assert end.message == "1 of 3 videos done, 2 not finished"
    assert end.is_complete, "all that was asked for was done"
    summary = (tmp_path / "runs" / "night" / "report" / "summary.md").read_text()
    assert "1 of 3 videos done, 2 not finished." in summary
    end = carry_out_rerun(prepare_rerun(RerunParameters(run="night", failed=True, store=store.url)))
    assert end.message == "3 videos done"
