"""Finds the results to compare: runs of a store, or predictions of any program."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from maskrnn_core.video import UInt8Array
from storage.datasets.readers.catalog import READERS
from storage.prediction_sets import PredictionSet, ReadOptions, open_predictions
from storage.runs.all_runs import list_runs
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.evaluation.evaluation import EvaluationRequest, evaluate_predictions
from tasks.inputs.configuration import configure
from tasks.inputs.sources import DatasetSpec
from tasks.pages.run_results import RunResults, run_results
from tasks.pages.shown import ShownMethod, ShownVideo


@dataclass(frozen=True)
class Contestant:
    """A result to compare.

    Args:
        title: name for people, unique in a comparison.
        per_object: figures; columns of `PER_OBJECT`.
        per_frame: figures; columns of `PER_FRAME`.
        run: the run, if it is one of a store.
        preset: the preset of the run.
        predictions: label maps of another program.
        options: how their files become label maps.
    """

    title: str
    per_object: pd.DataFrame
    per_frame: pd.DataFrame
    run: RunResults | None = None
    preset: str = ""
    predictions: PredictionSet | None = None
    options: ReadOptions = field(default_factory=ReadOptions)

    def method(self, shown: ShownVideo) -> ShownMethod | None:
        """This result for a video of a run; None if it has none."""
        figures = self.per_frame[self.per_frame["video"] == shown.name]
        if self.run is not None:
            own = self.run.shown(shown.name)
            return None if own is None else own.methods.get(self.preset)
        assert self.predictions is not None  # a contestant is a run or predictions
        names = shown.video.frame_names
        present = self.predictions.frames(shown.name, names)
        if present is None:
            return None
        read = partial(self._label_map, shown, frozenset(present))
        objects = tuple(sorted({int(number) for number in figures["object"]}))
        key = f"{self.predictions.place} {len(present)}"
        return ShownMethod(key, objects, read, None, figures)

    def _label_map(self, shown: ShownVideo, present: frozenset[str], index: int) -> UInt8Array:
        """A label map of another program; empty where it has none."""
        name = shown.video.frame_names[index]
        if self.predictions is None or name not in present:
            return np.zeros(shown.video.output_size, np.uint8)
        return self.predictions.label_map(shown.name, name, self.options)


def find_contestants(
    store: ArtifactStore,
    names: Sequence[str],
    spec: DatasetSpec | None,
    on_frames: Callable[[int], None] = lambda done: None,
) -> list[Contestant]:
    """Return the results by the names that a user gave.

    Args:
        store: the store with the runs.
        names: "RUN", "RUN:PRESET", or the path of predictions that `maskrnn evaluate` reads.
        spec: annotations for predictions of other programs; None: those of the first run, of the
            videos that it was given.
        on_frames: called with the number of evaluated frames since the last call.

    Raises:
        ParameterError: a name is neither a run with this preset nor a path, a run has no figures,
            or there are no annotations for predictions of other programs.
        MissingArtifactError: there is no such run; names similar ones.
    """
    known = {info.run_id for info in list_runs(store)}
    named = {name: _run_and_preset(name, known) for name in names}
    # All names are checked before figures are read, which may be missing for another reason.
    runs = {
        name: _existing_run(store, name, run, preset, known)
        for name, (run, preset) in named.items()
    }
    annotations = None if spec is None else _Annotations(spec)
    found: dict[str, Contestant] = {}
    for name in names:
        run, preset = named[name]
        results = runs[name]
        if results is not None:
            contestant = _of_run(results, run, preset)
        else:
            annotations = annotations or _annotations_of(
                store, [run for run, _ in named.values()], known
            )
            contestant = _of_files(Path(name), annotations, on_frames)
        if contestant.title in found:
            raise ParameterError(f"{contestant.title} is named twice; name different results")
        found[contestant.title] = contestant
    return list(found.values())


def _run_and_preset(name: str, known: Collection[str]) -> tuple[str, str]:
    """RUN and PRESET of RUN:PRESET; a run may have a colon in its name."""
    run, _, preset = (name, "", "") if name in known else name.partition(":")
    return run, preset


def _existing_run(
    store: ArtifactStore, name: str, run: str, preset: str, known: Collection[str]
) -> RunResults | None:
    """The results of a run that has the preset; None for a path of predictions.

    Raises:
        MissingArtifactError: there is neither; names similar runs.
        ParameterError: the run has no such preset.
    """
    if run not in known and Path(name).exists():
        return None
    if run not in known and ("/" in name or Path(name).suffix):
        raise ParameterError(
            f"{name} is neither a run nor a path: correct it; `maskrnn status` lists the runs"
        )
    results = run_results(store, run)
    if preset and preset not in results.methods:
        has = ", ".join(results.methods) or "none"
        raise ParameterError(f"the run {run} has no results by {preset} (by: {has})")
    return results


def _of_run(results: RunResults, run: str, preset: str) -> Contestant:
    chosen = preset or (results.methods[0] if results.methods else "")
    per_object, per_frame = results.table("per_object"), results.table("per_frame")
    of_preset = per_object[per_object["preset"] == chosen]
    if of_preset.empty:
        if results.info.parameters.get("masks") is not None:
            raise ParameterError(
                f"the run {run} has no annotations, so there is nothing to compare; `maskrnn "
                f"report {run}` shows where it looks wrong"
            )
        evaluated = ", ".join(sorted(set(per_object["preset"]))) or "none"
        raise ParameterError(
            f"the run {run} has no figures of {chosen or 'any preset'} (it has: {evaluated}); "
            "compare runs whose videos were evaluated, as by `maskrnn benchmark`"
        )
    title = f"{run}:{preset}" if preset else run
    if results.info.parameters.get("correction"):
        title += " (several masks)"
    return Contestant(title, of_preset, per_frame[per_frame["preset"] == chosen], results, chosen)


@dataclass(frozen=True)
class _Annotations:
    """What predictions of other programs are evaluated against; all videos if `videos` is None."""

    spec: DatasetSpec
    videos: Sequence[str] | None = None


def _of_files(
    path: Path, annotations: _Annotations, on_frames: Callable[[int], None]
) -> Contestant:
    request = EvaluationRequest(
        path, annotations.spec, annotations.videos, stability=False, missing_option=None
    )
    found = evaluate_predictions(request, on_frames=on_frames)
    predictions = open_predictions(path)
    reader = READERS.get(annotations.spec.name)
    options = ReadOptions(binary=reader is not None and reader.binary_masks)
    return Contestant(
        str(path), found.per_object, found.per_frame, predictions=predictions, options=options
    )


def _annotations_of(store: ArtifactStore, names: Sequence[str], known: set[str]) -> _Annotations:
    """The data set and the videos of the first run among the names."""
    runs = [name for name in names if name in known]
    if not runs:
        raise ParameterError("predictions need annotations: name them with --dataset and --root")
    parameters = RunLedger(store, runs[0]).info().parameters
    configuration = configure(parameters["preset"], parameters.get("overrides", {}))
    spec = DatasetSpec(
        str(parameters["dataset"]),
        parameters.get("root"),
        parameters.get("split") or "val",
        configuration.synthetic,
    )
    return _Annotations(spec, parameters.get("videos"))
