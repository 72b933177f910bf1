"""Finds the result of a run for a video: its prediction, and what it was made from."""

from dataclasses import dataclass

from storage.kinds.predictions import StoredPrediction
from storage.runs.all_runs import list_runs
from storage.runs.ledger import RunInfo
from storage.runs.unknown_video import unknown_video
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.pages.run_results import RunResults, run_results


@dataclass(frozen=True)
class FoundRun:
    """A run, and the preset whose results are meant."""

    results: RunResults
    preset: str

    @property
    def info(self) -> RunInfo:
        """How the run was started."""
        return self.results.info

    def prediction(self, video: str) -> StoredPrediction:
        """The prediction of a video.

        Raises:
            ParameterError: the run has no such video, or no label maps of it by the preset.
        """
        if video not in self.results.videos:
            raise ParameterError(unknown_video(self.info.run_id, video, self.results.videos))
        keys = self.results.keys.get(video)
        if keys is None or self.preset not in keys.predictions:
            raise ParameterError(
                f"the run {self.info.run_id} has no label maps of {video} by {self.preset}: "
                f"complete it with `maskrnn rerun {self.info.run_id}`"
            )
        return StoredPrediction(self.results.store, keys.predictions[self.preset])


def find_run(store: ArtifactStore, name: str) -> FoundRun:
    """Find a run by RUN, or RUN:PRESET for another of its presets.

    Raises:
        MissingArtifactError: there is no such run; names the closest.
        ParameterError: it is an archive, or has no results by the preset.
    """
    known = {info.run_id for info in list_runs(store)}
    run, _, preset = (name, "", "") if name in known else name.partition(":")
    results = run_results(store, run)
    if results.info.is_archive:
        raise ParameterError(
            f"the run {run} is an archive, which keeps no frames: its report lists doubtful rows, "
            f"and `maskrnn correct {run} ROW --mask FRAME=FILE --out DIR` corrects one"
        )
    if not results.methods or (preset and preset not in results.methods):
        has = ", ".join(results.methods) or "none"
        raise ParameterError(
            f"the run {run} has no results by {preset or 'any preset'} (by: {has})"
        )
    return FoundRun(results, preset or results.methods[0])
