"""A whole video's label maps given to the evaluator."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from maskrnn_core.metrics import Protocol, VideoEvaluator, VideoScores

LabelMap = NDArray[np.uint8]


def evaluate_video(
    rules: Protocol,
    frames: Iterable[tuple[LabelMap, LabelMap]],
    objects: Sequence[int],
    frame_count: int,
    *,
    video: str = "",
    stability: bool = True,
) -> VideoScores:
    """Scores from pairs (annotation, prediction) in order."""
    evaluator = VideoEvaluator(rules, objects, frame_count, video=video, stability=stability)
    for annotation, prediction in frames:
        evaluator.add(annotation, prediction)
    return evaluator.result()
