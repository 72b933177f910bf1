"""Accuracy of an estimator against exactly known flow."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.optical_flow.consistency import inconsistent_pixels
from maskrnn_core.optical_flow.estimator import FlowEstimator
from maskrnn_core.video import FloatArray, UInt8Array

_FAR = 3.0


class KnownFlow(Protocol):
    """A video with exact flow, such as a generated one."""

    @property
    def frame_count(self) -> int: ...

    def frame(self, index: int) -> UInt8Array: ...

    def backward_flow(self, index: int) -> FloatArray | None: ...

    def forward_flow(self, index: int) -> FloatArray | None: ...


@dataclass(frozen=True)
class FlowAccuracy:
    """Means over all pixels and pairs, in pixels.

    Args:
        error: end-point error (Baker et al., IJCV 2011).
        visible: end-point error of pixels that are not hidden in the other frame (the exact flow
            of both directions agrees).
        far: share (0..1) of pixels with an error above 3 pixels.
        still: error of zero flow, which is the mean length of the motion.
    """

    error: float
    visible: float
    far: float
    still: float


def flow_accuracy(
    estimator: FlowEstimator, videos: Iterable[KnownFlow], pairs: int | None = None
) -> FlowAccuracy:
    """Measure the accuracy of both directions.

    Args:
        estimator: the estimator to measure.
        videos: videos with exact flow.
        pairs: number of pairs of neighbouring frames per video, evenly spread; None: all pairs.

    Raises:
        InvalidInputError: there is no pair of frames.
    """
    sums = np.zeros(4)
    pixels = seen = 0
    for video in videos:
        for index in spread(video.frame_count - 1, pairs):
            found = estimator.estimate_both(video.frame(index), video.frame(index + 1))
            exact = video.forward_flow(index), video.backward_flow(index + 1)
            if exact[0] is None or exact[1] is None:
                raise InvalidInputError(f"there is no exact flow between {index} and {index + 1}")
            both = (exact[0], exact[1]), (exact[1], exact[0])
            for flow, (truth, back) in zip(found, both, strict=True):
                error = np.hypot(*np.moveaxis(flow - truth, 2, 0))
                visible = ~inconsistent_pixels(truth, back)
                sums += (
                    error.sum(),
                    error[visible].sum(),
                    (error > _FAR).sum(),
                    np.hypot(truth[..., 0], truth[..., 1]).sum(),
                )
                pixels += error.size
                seen += int(visible.sum())
    if not pixels:
        raise InvalidInputError("no pair of frames to compare: give a video of two frames or more")
    return FlowAccuracy(
        error=float(sums[0] / pixels),
        visible=float(sums[1] / seen) if seen else float("nan"),
        far=float(sums[2] / pixels),
        still=float(sums[3] / pixels),
    )


def spread(count: int, wanted: int | None) -> Sequence[int]:
    """At most `wanted` indices below `count`, evenly spread; None gives all."""
    if wanted is None or count <= wanted:
        return range(max(count, 0))
    return [int(index) for index in np.linspace(0, count - 1, wanted).round()]
