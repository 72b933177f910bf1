"""Predictions in a store of this project."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from storage.datasets.source import UInt8Array
from storage.errors import DatasetError, StorageError
from storage.kinds.predictions import PREDICTIONS, StoredPrediction
from storage.prediction_sets.source import ReadOptions
from storage.store.artifacts import ArtifactStore


class StoredPredictions:
    """A `PredictionSet` of a store's predictions: all of them, or one.

    Raises:
        DatasetError: the store has several predictions of a video.
    """

    def __init__(self, store: Path, key: str | None = None) -> None:
        self._store, self._key = store, key
        self._open: dict[str, tuple[StoredPrediction, dict[str, int]]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {"_store": self._store, "_key": self._key, "_open": {}, "_keys": self._keys}

    @property
    def name(self) -> str:
        return self._store.resolve().name if self._key is None else self._key

    @property
    def place(self) -> str:
        return str(self._store)

    def frames(self, video: str, annotated: Sequence[str]) -> list[str] | None:
        if video not in self._keys:
            return None
        prediction = StoredPrediction(ArtifactStore(str(self._store)), self._keys[video])
        names = list(prediction.frame_names)
        self._open[video] = prediction, {name: index for index, name in enumerate(names)}
        return names

    def label_map(self, video: str, frame: str, options: ReadOptions) -> UInt8Array:
        prediction, positions = self._open[video]
        try:
            labels = prediction.label_map(positions[frame])
        except StorageError as error:
            raise DatasetError(str(error)) from error
        return np.asarray(labels != 0, dtype=np.uint8) if options.binary else labels

    @cached_property
    def _keys(self) -> dict[str, str]:
        store = ArtifactStore(str(self._store))
        keys = store.keys(PREDICTIONS) if self._key is None else [self._key]
        found: dict[str, list[str]] = {}
        for key in keys:
            found.setdefault(store.open(PREDICTIONS, key).metadata["video"], []).append(key)
        if several := [video for video, of_video in found.items() if len(of_video) > 1]:
            raise DatasetError(
                f"{self._store} has several predictions of {', '.join(sorted(several))}. Give the "
                "folder of one prediction (predictions/KEY), or the exported label maps of a run "
                "(runs/RUN/report/masks/PRESET)."
            )
        return {video: of_video[0] for video, of_video in found.items()}
