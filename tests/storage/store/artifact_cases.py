"""For each kind of artifact, functions that make one and read all of it."""

from typing import Any

import numpy as np
import pandas as pd

from storage.kinds.checkpoints import FINETUNED, load_checkpoint, load_curve, save_checkpoint
from storage.kinds.frame_arrays import read_whole
from storage.kinds.predictions import PREDICTIONS, StoredPrediction, write_prediction
from storage.kinds.stored_flow import FLOW, StoredFlow, write_flow
from storage.kinds.tables import read_table, write_table
from storage.kinds.videos import VIDEOS, open_video, write_video
from storage.store.artifacts import ArtifactStore
from tests.storage.conftest import FakeSource

COUNT = 4
SIZE = (8, 10)


def make_video(store: ArtifactStore) -> str:
    return write_video(store, FakeSource((12, 18), COUNT), None)


def read_video(store: ArtifactStore, key: str) -> list[Any]:
    video = open_video(store, key)
    indices = range(video.frame_count)
    known = [video.name, video.objects, video.frame_names, video.content_digest, video.size]
    masks = [None if (m := video.label_map(i)) is None else m.tobytes() for i in indices]
    starts = [video.first_frame(label) for label in video.objects]
    return [*known, *starts, *masks, *(video.frame(i).tobytes() for i in indices)]


def make_flow(store: ArtifactStore) -> str:
    noise = np.random.default_rng(0).normal(size=(COUNT, 2, *SIZE, 2)).astype(np.float32)
    pairs = [
        (i, noise[i, 0] if i else None, noise[i, 1] if i < COUNT - 1 else None)
        for i in range(COUNT)
    ]
    write_flow(store, "k", lambda start: pairs[start:], COUNT, SIZE, {"estimator": "noise"})
    return "k"


def read_flow(store: ArtifactStore, key: str) -> list[Any]:
    flow = StoredFlow(store, key)
    fields = [f for i in range(flow.frame_count) for f in (flow.backward(i), flow.forward(i))]
    return [flow.metadata, *(None if field is None else field.tobytes() for field in fields)]


def make_checkpoint(store: ArtifactStore) -> str:
    weights: dict[str, Any] = {
        "a": np.arange(12, dtype=np.float32).reshape(3, 4),
        "b": np.ones(2, np.float16),
    }
    save_checkpoint(store, FINETUNED, "k", weights, {"object": 1}, [{"loss": 0.5}])
    return "k"


def read_checkpoint(store: ArtifactStore, key: str) -> list[Any]:
    weights, metadata = load_checkpoint(store, FINETUNED, key)
    curve = load_curve(store, FINETUNED, key)
    return [metadata, curve, {name: array.tobytes() for name, array in weights.items()}]


def make_prediction(store: ArtifactStore) -> str:
    names = [f"{i:05d}" for i in range(COUNT)]
    chance = np.random.default_rng(1)
    with write_prediction(
        store, "k", video="v", size=SIZE, objects=(1, 2), frame_names=names, metadata={}
    ) as writer:
        for index in range(COUNT):
            labels = chance.integers(0, 3, SIZE, dtype=np.uint8)
            writer.add(index, labels, [0, 1], chance.random((2, 4)), chance.random(2))
    return "k"


def read_prediction(store: ArtifactStore, key: str) -> list[Any]:
    found = StoredPrediction(store, key)
    arrays: list[Any] = [found.states, found.boxes, found.confidence]
    artifact = store.open(PREDICTIONS, key)
    arrays += [read_whole(artifact, name) for name in ("frame", "object")]  # others read these
    arrays += [found.label_map(i) for i in range(found.frame_count)]
    return [found.video, found.objects, found.frame_names, *(a.tobytes() for a in arrays)]


def make_evaluation(store: ArtifactStore) -> str:
    table = pd.DataFrame({"frame": range(5), "J": np.linspace(0, 1, 5)})
    write_table(store, "evaluations", "k", {"per_frame": table}, {"protocol": "paper"})
    return "k"


def read_evaluation(store: ArtifactStore, key: str) -> list[Any]:
    table = read_table(store, "evaluations", key, "per_frame")
    return [store.open("evaluations", key).metadata, table.to_csv()]


CASES = {
    VIDEOS: (make_video, read_video),
    FLOW: (make_flow, read_flow),
    FINETUNED: (make_checkpoint, read_checkpoint),
    PREDICTIONS: (make_prediction, read_prediction),
    "evaluations": (make_evaluation, read_evaluation),
}
