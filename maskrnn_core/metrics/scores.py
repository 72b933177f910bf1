"""Figures of objects, videos and data sets: plain values that can be sent between processes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.metrics.occurrence import AnnotationNotes
from maskrnn_core.metrics.protocols import Protocol
from maskrnn_core.metrics.statistics import Summary, mean_of_finite, summarize

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ObjectScores:
    """J, F and T of one object in one video."""

    object_id: int
    predicted_label: int
    """Label of the prediction that was compared; the object's own id unless matched."""
    region: FloatArray
    """J of every frame (T,), including frames that do not count."""
    contour: FloatArray
    """F of every frame (T,), including frames that do not count."""
    stability: FloatArray
    """T of the pairs (i, i + 1), shape (T - 1,); NaN where undefined, excluded or not requested."""
    counted: slice
    """The frames that count."""

    @property
    def region_summary(self) -> Summary:
        """Statistics of J over the frames that count."""
        return summarize(self.region[self.counted])

    @property
    def contour_summary(self) -> Summary:
        """Statistics of F over the frames that count."""
        return summarize(self.contour[self.counted])

    @property
    def stability_mean(self) -> float:
        """Mean of T over the pairs that count; NaN if there are none."""
        return mean_of_finite(self.stability)


@dataclass(frozen=True, eq=False)
class VideoScores:
    """Figures of all objects of one video."""

    video: str
    objects: tuple[ObjectScores, ...]
    frames_with_excess_labels: tuple[int, ...]
    """Frames whose prediction has labels above the number of objects; those pixels are ignored."""
    annotations: AnnotationNotes
    """What to know of the annotations."""


@dataclass(frozen=True)
class DatasetScores:
    """Figures of a data set as its protocol averages them; NaN if there are no values."""

    region: Summary
    contour: Summary
    stability: float

    @property
    def region_and_contour(self) -> float:
        """J&F: the mean of mean J and mean F."""
        return (self.region.mean + self.contour.mean) / 2


def summarize_dataset(
    videos: Sequence[VideoScores],
    protocol: Protocol,
    stability_videos: Collection[str] | None = None,
) -> DatasetScores:
    """Average over the objects of the videos, or over all their frames for "paper".

    With average="frames", recall is over all frames too. Decay stays a mean over objects, because
    it needs the order of the frames in a video. T is averaged over the objects of
    `stability_videos` (in DAVIS-2016 those with `eval_t`), or of all videos if it is None.
    """
    objects = [scores for video in videos for scores in video.objects]
    steady = [
        scores.stability_mean
        for video in videos
        if stability_videos is None or video.video in stability_videos
        for scores in video.objects
    ]
    return DatasetScores(
        region=_average([o.region[o.counted] for o in objects], protocol),
        contour=_average([o.contour[o.counted] for o in objects], protocol),
        stability=mean_of_finite(steady),
    )


def _average(values: list[FloatArray], protocol: Protocol) -> Summary:
    summaries = [summarize(v) for v in values]
    decay = mean_of_finite([s.decay for s in summaries])
    if protocol.average == "frames":
        pooled = summarize(np.concatenate([np.empty(0), *values]))
        return Summary(mean=pooled.mean, recall=pooled.recall, decay=decay)
    return Summary(
        mean=mean_of_finite([s.mean for s in summaries]),
        recall=mean_of_finite([s.recall for s in summaries]),
        decay=decay,
    )
