"""Measures how well flow of both directions agrees, and its error if the exact flow is known."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from maskrnn_core.digest import stable_digest
from maskrnn_core.optical_flow.consistency import endpoint_error, inconsistent_share
from maskrnn_core.synthetic import SyntheticVideo
from maskrnn_core.video import FloatArray
from storage.kinds.stored_video import StoredVideo, open_video
from storage.kinds.tables import read_table, write_table
from storage.store.artifacts import ArtifactStore
from tasks.inputs.generated import SYNTHETIC
from tasks.inputs.sources import DatasetSpec, open_source
from tasks.keys import PreparedVideo
from tasks.machine.resources import this_machine

FLOW_FIGURES = "flowfigures"

_VERSION = 1
"""Version; raised when the same flow begins to give other figures."""


class ExactFlow(Protocol):
    """A source that knows the exact flow of its frames."""

    def backward_flow(self, index: int) -> FloatArray | None: ...

    def forward_flow(self, index: int) -> FloatArray | None: ...


@dataclass(frozen=True)
class FlowFigures:
    """`per_frame` has a row per frame: video, frame, frame_name, inconsistent, endpoint_error.

    `inconsistent` is the share (0..1) of pixels whose forward flow the backward flow of the next
    frame does not lead back, NaN at the last frame. `endpoint_error` is the mean distance in
    pixels to the exact flow, over both directions; NaN where it is not known.
    """

    per_frame: pd.DataFrame

    @property
    def per_video(self) -> pd.DataFrame:
        """Return means of every video, without figures that are unknown."""
        names = ["inconsistent", "endpoint_error"]
        means = self.per_frame.groupby("video", sort=True)[names].mean()
        return means.dropna(axis="columns", how="all").reset_index()


def gather_flow(
    store: ArtifactStore, videos: Sequence[PreparedVideo], spec: DatasetSpec
) -> FlowFigures:
    """Return flow figures of all videos; figures that exist in the store are reused.

    Args:
        store: the store with videos and flow.
        videos: in any order; each once.
        spec: the data set of the videos; the generated one knows its flow, at its own size.
    """
    ordered = sorted(videos, key=lambda video: video.name)
    with ThreadPoolExecutor(this_machine().cores) as pool:
        tables = list(pool.map(lambda video: _of_video(store, video, spec), ordered))
    if not tables:
        return FlowFigures(pd.DataFrame(columns=_COLUMNS))
    return FlowFigures(pd.concat(tables, ignore_index=True))


def exact_source(spec: DatasetSpec, video: StoredVideo) -> SyntheticVideo | None:
    """Return the generated video behind a stored one; None if the stored one was reduced."""
    if spec.name != SYNTHETIC or video.dataset != SYNTHETIC:
        return None
    source = open_source(spec, video.name)
    fits = isinstance(source, SyntheticVideo) and source.size == video.size
    return source if fits and isinstance(source, SyntheticVideo) else None


_COLUMNS = ["video", "frame", "frame_name", "inconsistent", "endpoint_error"]


def _of_video(store: ArtifactStore, video: PreparedVideo, spec: DatasetSpec) -> pd.DataFrame:
    stored = open_video(store, video.key, video.flow_key)
    exact = exact_source(spec, stored)
    truth = None if exact is None else exact.fingerprint()
    key = stable_digest({"flow": video.flow_key, "exact": truth, "version": _VERSION})
    if not store.exists(FLOW_FIGURES, key):
        write_table(store, FLOW_FIGURES, key, {"per_frame": _per_frame(stored, exact)})
    return read_table(store, FLOW_FIGURES, key, "per_frame")


def _per_frame(video: StoredVideo, exact: ExactFlow | None) -> pd.DataFrame:
    rows = []
    for index in range(video.frame_count):
        forward = video.forward_flow(index)
        following = None if forward is None else video.backward_flow(index + 1)
        share = float("nan")
        if forward is not None and following is not None:
            share = inconsistent_share(forward, following)
        error = float("nan") if exact is None else _error(video, exact, index)
        rows.append((video.name, index, video.frame_names[index], share, error))
    return pd.DataFrame(rows, columns=_COLUMNS)


def _error(video: StoredVideo, exact: ExactFlow, index: int) -> float:
    pairs = [
        (video.backward_flow(index), exact.backward_flow(index)),
        (video.forward_flow(index), exact.forward_flow(index)),
    ]
    errors = [
        endpoint_error(found, truth)
        for found, truth in pairs
        if found is not None and truth is not None
    ]
    return sum(errors) / len(errors) if errors else float("nan")
