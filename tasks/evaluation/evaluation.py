"""Carries out a whole evaluation, from predictions and a data set to tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from maskrnn_core.metrics import (
    PROTOCOLS,
    DatasetScores,
    Protocol,
    VideoScores,
    protocol,
    summarize_dataset,
)
from storage.datasets.readers.annotations import DatasetNotes
from storage.datasets.readers.catalog import READERS
from storage.prediction_sets import PredictionSet, open_predictions
from tasks.errors import ParameterError
from tasks.evaluation.comparison import Compared, Comparison
from tasks.evaluation.problems import Problem, message_of
from tasks.evaluation.remarks import annotation_remarks, counts_frames, no_frame_counts
from tasks.evaluation.workers import compare_all
from tasks.inputs.sources import DatasetSpec, open_dataset
from tasks.scores.aggregation import BOTH, aggregate, per_attribute
from tasks.scores.scoring import frame_table, object_table, protocol_of

TABLES = ("per_frame", "per_object", "per_sequence", "per_attribute", "dataset")
"""Names of the tables of an evaluation, which are also the names of their files."""

DEFAULT_SPLIT = "val"
_LABEL = "predicted_label"


@dataclass(frozen=True)
class EvaluationRequest:
    """What to evaluate.

    Args:
        predictions: folder, zip file, Zarr group or store.
        spec: the data set.
        videos: only these; None means all of the split.
        protocol: its name; None means the data set's own.
        missing_is_empty: count a missing frame or sequence as empty.
        stability: compute T, which takes most of the time.
        workers: number of processes; None chooses.
        missing_option: option of the command that sets `missing_is_empty`, which errors recommend;
            None: it has none.
    """

    predictions: Path
    spec: DatasetSpec
    videos: Sequence[str] | None = None
    protocol: str | None = None
    missing_is_empty: bool = False
    stability: bool = True
    workers: int | None = None
    missing_option: str | None = "--missing=empty"


@dataclass(frozen=True)
class Evaluation:
    """The tables of an evaluation, and how they were made."""

    predictions: str
    dataset: str
    split: str
    rules: Protocol
    per_frame: pd.DataFrame
    per_object: pd.DataFrame
    per_sequence: pd.DataFrame
    per_attribute: pd.DataFrame
    dataset_figures: pd.DataFrame
    notes: list[str] = field(default_factory=list)

    def named(self) -> Mapping[str, pd.DataFrame]:
        """The tables by the names of their files; the attribute table only if there are
        attributes."""
        tables = (
            self.per_frame,
            self.per_object,
            self.per_sequence,
            self.per_attribute,
            self.dataset_figures,
        )
        return {name: table for name, table in zip(TABLES, tables, strict=True) if len(table)}


def evaluate_predictions(
    request: EvaluationRequest,
    begin: Callable[[int], None] = lambda total: None,
    on_frames: Callable[[int], None] = lambda done: None,
) -> Evaluation:
    """Compare all videos and build the tables.

    Args:
        request: what to evaluate.
        begin: called with the number of frames, before the first.
        on_frames: called with the number of frames done since the last call.

    Raises:
        ParameterError: the predictions do not fit the data set (one message lists all faults), the
            data set or protocol is unknown, or the number of workers is below 1.
        DatasetError: the data set or the predictions cannot be opened.
    """
    opened = open_request(request)
    rules, predictions = opened.rules, opened.predictions
    begin(sum(len(job.video.frame_names) for job in opened.jobs))
    compared = compare_all(opened.jobs, request.workers, on_frames)
    opened.check([problem for one in compared for problem in one.problems])
    if not any(counts_frames(one) for one in compared):
        raise opened.without_counted_frames()
    return _evaluation(request, rules, opened.notes, predictions.name, compared)


@dataclass(frozen=True)
class OpenedRequest:
    """A request with its data set and predictions opened; no mask is read yet.

    Args:
        rules: the protocol.
        notes: of the data set.
        predictions: what is evaluated.
        jobs: one per video.
        missing_option: as of the request.
    """

    rules: Protocol
    notes: DatasetNotes
    predictions: PredictionSet
    jobs: Sequence[Comparison]
    missing_option: str | None

    def check(self, problems: Sequence[Problem]) -> None:
        """Raise ParameterError if there is any problem; it tells all of them."""
        if problems:
            raise ParameterError(message_of(problems, self.predictions.place, self.missing_option))

    def without_counted_frames(self) -> ParameterError:
        """The error of a request of which the protocol counts no frame."""
        return ParameterError(no_frame_counts(self.rules, [job.video.name for job in self.jobs]))


def open_request(request: EvaluationRequest) -> OpenedRequest:
    """Open the data set and the predictions of a request; errors as for `evaluate_predictions`."""
    name = request.protocol or protocol_of(request.spec.name)
    if name not in PROTOCOLS:
        raise ParameterError(f"unknown protocol {name!r}; choose one of {', '.join(PROTOCOLS)}")
    if request.workers is not None and request.workers < 1:
        raise ParameterError(f"--workers {request.workers}: give 1 or more")
    rules = protocol(name)
    dataset = open_dataset(request.spec)
    videos, notes = dataset.annotated(request.videos), dataset.notes()
    predictions = open_predictions(request.predictions)
    reader = READERS.get(request.spec.name)
    binary = reader is not None and reader.binary_masks
    empty, stability = request.missing_is_empty, request.stability
    jobs = [Comparison(video, predictions, rules, binary, empty, stability) for video in videos]
    return OpenedRequest(rules, notes, predictions, jobs, request.missing_option)


def _evaluation(
    request: EvaluationRequest,
    rules: Protocol,
    notes: DatasetNotes,
    name: str,
    compared: Sequence[Compared],
) -> Evaluation:
    scores = [one.scores for one in compared if one.scores is not None]
    frames = [
        frame_table(one.scores, list(enumerate(one.frame_names)))
        for one in compared
        if one.scores is not None
    ]
    of_objects = pd.concat([_object_table(video, rules) for video in scores], ignore_index=True)
    of_objects.insert(0, "preset", name)
    of_sequences, whole = aggregate(of_objects, [name], notes.stable)
    if rules.average == "frames":
        _average_frames(whole, summarize_dataset(scores, rules, notes.stable))
    attributes = per_attribute(of_objects, notes.attributes, notes.stable)
    return Evaluation(
        name,
        request.spec.name,
        request.spec.split or DEFAULT_SPLIT,
        rules,
        per_frame=pd.concat(frames, ignore_index=True),
        per_object=of_objects.drop(columns="preset"),
        per_sequence=of_sequences.drop(columns="preset"),
        per_attribute=attributes,
        dataset_figures=whole.drop(columns="preset"),
        notes=_remarks(request, notes, scores) + annotation_remarks(rules, compared),
    )


def _object_table(scores: VideoScores, rules: Protocol) -> pd.DataFrame:
    table = object_table(scores)
    if rules.matched:
        labels = [item.predicted_label for item in scores.objects]
        table.insert(list(table.columns).index("object") + 1, _LABEL, labels)
    return table


def _average_frames(whole: pd.DataFrame, scores: DatasetScores) -> None:
    """Replace means over objects by means over all their frames."""
    for letter, summary in (("J", scores.region), ("F", scores.contour)):
        whole[f"{letter}_mean"] = summary.mean
        whole[f"{letter}_recall"] = summary.recall
    whole[BOTH] = scores.region_and_contour


def _remarks(
    request: EvaluationRequest, notes: DatasetNotes, scores: Sequence[VideoScores]
) -> list[str]:
    """Return what a reader of the figures should know."""
    remarks = []
    unsteady = [s.video for s in scores if notes.stable is not None and s.video not in notes.stable]
    if request.stability and unsteady:
        remarks.append(
            f"T of the data set leaves out {', '.join(unsteady)} (eval_t is false in db_info.yml)."
        )
    if request.missing_is_empty:
        remarks.append("Missing frames and sequences counted as empty.")
    return remarks
