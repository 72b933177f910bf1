"""Compares optical flow estimators on generated videos, whose flow is known exactly."""

from collections.abc import Sequence

import pandas as pd

from maskrnn_core.digest import stable_digest
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow.accuracy import flow_accuracy
from maskrnn_core.options import ComputeOptions
from maskrnn_core.synthetic import SyntheticVideo
from storage.kinds.tables import read_table, write_table
from storage.store.artifacts import ArtifactStore
from tasks.inputs.flow_method import flow_method, known_estimators
from tasks.scores.flow_agreement import FLOW_FIGURES

PAIRS = 4
"""Pairs of frames per video, spread over its length."""

_VERSION = 1


def compare_estimators(store: ArtifactStore, videos: Sequence[SyntheticVideo]) -> pd.DataFrame:
    """Return a row per estimator that needs no weights, and one for no motion at all.

    The table is computed once per set of videos and kept in the store.

    Returns:
        Columns: estimator, "error px" and "visible px" (mean end-point error in pixels, over all
        pixels and over those that no other hides), "share over 3 px" (0..1).
    """
    methods = [flow_method(name) for name, network in known_estimators().items() if not network]
    key = stable_digest(
        {
            "videos": [video.fingerprint() for video in videos],
            "estimators": [method.digest for method in methods],
            "version": _VERSION,
        }
    )
    if not store.exists(FLOW_FIGURES, key):
        rows = []
        still = float("nan")
        for method in methods:
            try:
                found = flow_accuracy(method.build(ComputeOptions()), videos, PAIRS)
            except InvalidInputError:  # the frames are too small for this estimator
                rows.append((method.name, float("nan"), float("nan"), float("nan")))
                continue
            still = found.still
            rows.append((method.name, found.error, found.visible, found.far))
        rows.append(("no motion", still, float("nan"), float("nan")))
        columns = ["estimator", "error px", "visible px", "share over 3 px"]
        table = pd.DataFrame(rows, columns=columns)
        write_table(store, FLOW_FIGURES, key, {"accuracy": table})
    return read_table(store, FLOW_FIGURES, key, "accuracy")
