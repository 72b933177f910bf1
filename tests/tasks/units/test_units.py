"""Every unit on a tiny video: it writes its artifact, and returns at once when that exists."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from maskrnn_core.options import ComputeOptions
from storage.kinds.checkpoints import FINETUNED, PARENTS, load_checkpoint
from storage.kinds.predictions import StoredPrediction
from storage.kinds.stored_video import open_video
from storage.kinds.tables import read_table
from storage.kinds.videos import VIDEOS, video_key
from storage.store.artifacts import ArtifactStore
from tasks import units
from tasks.inputs.configuration import configure
from tasks.inputs.flow_method import flow_method
from tasks.inputs.sources import DatasetSpec, open_source
from tasks.keys import PreparedVideo
from tasks.units.threads import shared_machine, whole_machine
from tests.flows.tiny import OVERRIDES

PROTOCOL = "davis2017-semi-supervised"
COMPUTE = ComputeOptions(device="cpu", threads=1)


def twice(store: ArtifactStore, kind: str, key: str, call: Callable[[], Any]) -> None:
    call()
    before = store.open(kind, key).created
    call()
    assert store.open(kind, key).created == before


@pytest.mark.timeout(120)
def test_the_whole_way_of_one_video(tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path))
    url = store.url
    configuration = configure("small", OVERRIDES)
    preset = configuration.preset
    spec = DatasetSpec("synthetic", synthetic=configuration.synthetic)

    key = video_key(open_source(spec, "val-001"), None)
    twice(store, VIDEOS, key, lambda: units.ingest(url, key, spec, "val-001", None))
    stored = open_video(store, key)
    method = flow_method("dis-ultrafast")
    twice(store, "flow", "f", lambda: units.estimate_flow(url, "f", key, method, COMPUTE))
    video = PreparedVideo(
        stored.name, key, stored.content_digest, "f", stored.objects, stored.frame_count
    )
    twice(store, PARENTS, "p", lambda: units.train(url, "p", [video], preset, COMPUTE, None))
    weights, metadata = load_checkpoint(store, PARENTS, "p")
    assert metadata["videos"] == ["val-001"]
    twice(
        store,
        FINETUNED,
        "t",
        lambda: units.finetune(url, "t", video, 1, "p", preset, COMPUTE),
    )
    tuned, _ = load_checkpoint(store, FINETUNED, "t")
    assert any((tuned[name] != weights[name]).any() for name in weights)
    of_objects = dict.fromkeys(video.objects, "t")
    twice(
        store,
        "predictions",
        "s",
        lambda: units.segment(url, "s", video, of_objects, preset, COMPUTE),
    )
    prediction = StoredPrediction(store, "s")
    assert prediction.frame_count == video.frame_count
    assert prediction.metadata["seconds"] > 0
    source = prediction.metadata["provenance"]["source"]
    assert source == {
        "video": "val-001",
        "video_digest": stored.content_digest,
        "video_key": key,
        "origin": {"dataset": "synthetic", "root": None, "masks": None},
    }
    twice(store, units.EVALUATIONS, "e", lambda: units.evaluate(url, "e", key, "s", PROTOCOL))
    table = read_table(store, units.EVALUATIONS, "e", "per_frame")
    assert len(table) == video.frame_count * len(video.objects)
    assert table["state"].notna().all()
    assert table.loc[table["frame"] == 0, "J"].tolist() == [1.0] * len(video.objects)


def test_threads_of_a_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASKRNN_UNIT_THREADS", "3")
    assert shared_machine(ComputeOptions()).threads == 3
    assert shared_machine(ComputeOptions(threads=5)).threads == 5
    assert (whole_machine(ComputeOptions()).threads or 0) >= 1
    monkeypatch.delenv("MASKRNN_UNIT_THREADS")
    assert shared_machine(ComputeOptions()).threads is None
