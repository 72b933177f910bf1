"""What is said of a video that a run does not have, by every command that takes one."""

from pathlib import Path

import pytest

from flows.corrections.results import FoundRun
from flows.runs.rerun_choice import choose_videos
from storage.runs.ledger import RunInfo
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.pages.run_results import RunResults

KNOWN = ["walk", "train-station"]


@pytest.mark.parametrize(
    ("video", "hint"),
    [("nope", "`maskrnn status mine` lists its videos"), ("wlak", "did you mean walk?")],
)
def test_the_hint_names_the_run_or_a_similar_video(tmp_path: Path, video: str, hint: str) -> None:
    store = ArtifactStore(str(tmp_path))
    told = f"the run mine has no video '{video}': {hint}"
    with pytest.raises(ParameterError) as error:
        choose_videos(store, "mine", KNOWN, failed=False, videos=[video])
    assert str(error.value) == told
    info = RunInfo("mine", "2026-11-28T00:00:00+00:00", "0.1.0", {}, tuple(KNOWN))
    found = FoundRun(RunResults(store, info, {}, ["lucid"], {}), "lucid")
    with pytest.raises(ParameterError) as error:
        found.prediction(video)
    assert str(error.value) == told
