"""What a page shows of a video: its frames, and the label maps of one or more methods."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from maskrnn_core.video import UInt8Array
from storage.kinds.predictions import StoredPrediction
from storage.kinds.stored_video import StoredVideo


@dataclass(frozen=True)
class Track:
    """State, box and confidence of every object in every frame, where a method gives them.

    Args:
        states: (T, N) as in a prediction: 0 tracked, 1 lost, 2 absent.
        boxes: (T, N, 4), xyxy in pixels of the label maps.
        confidence: (T, N), in [0, 1].
    """

    states: Any
    boxes: Any
    confidence: Any


@dataclass(frozen=True)
class ShownMethod:
    """The result of one method for one video.

    Args:
        key: changes whenever the result does.
        objects: ids of its objects, N of them.
        label_map: returns the label map (H, W) of a frame.
        track: of the objects; None for predictions of other programs.
        figures: rows of the table `per_frame` for this video; empty without annotations.
    """

    key: str
    objects: Sequence[int]
    label_map: Callable[[int], UInt8Array]
    track: Track | None
    figures: pd.DataFrame


@dataclass(frozen=True)
class ShownVideo:
    """A video with the results to show; `methods` are in the order of the page."""

    name: str
    video: StoredVideo
    methods: Mapping[str, ShownMethod]
    flow_key: str | None = None

    @property
    def key(self) -> str:
        """Changes whenever something that is shown does."""
        parts = [f"{name}={method.key}" for name, method in self.methods.items()]
        return " ".join([self.video.key, self.flow_key or "", *parts])


def stored_method(prediction: StoredPrediction, figures: pd.DataFrame) -> ShownMethod:
    """A prediction of the store as a page shows it."""
    track = Track(prediction.states, prediction.boxes, prediction.confidence)
    evaluated = "" if figures.empty else "evaluated"
    return ShownMethod(
        f"{prediction.key}{evaluated}", prediction.objects, prediction.label_map, track, figures
    )
