"""Carries out `maskrnn correct`: adds masks to a result, and computes what they change."""

from pathlib import Path

from flows.commands.execution import execute_run
from flows.corrections.added_masks import added_masks
from flows.corrections.archive_rows import correct_row, is_archive
from flows.corrections.request import CorrectionRequest, corrected_run
from flows.corrections.results import FoundRun, find_run
from flows.plan.parameters import BenchmarkParameters
from flows.plan.resolved_run import ResolvedRun, resolve
from flows.terminal import Terminal
from storage.datasets.images.frame_matching import VideoFrames
from storage.datasets.masks.label_maps import object_ids
from storage.datasets.source import UInt8Array
from storage.kinds.checkpoints import FINETUNED
from storage.kinds.masks import save_mask
from storage.kinds.predictions import StoredPrediction
from storage.kinds.stored_video import StoredVideo, open_video
from storage.kinds.video_writer import working_label_map
from storage.kinds.videos import key_in_store
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.export.own_results import results_folder, write_results
from tasks.given import Correction

_SHARED = ("compute", "synthetic")
"""Groups of options that all presets of a run have from its overrides."""


def correct(asked: CorrectionRequest, out: Path | None) -> int:
    """Correct a result and print what was computed; return 0, or 1 if it failed.

    Args:
        asked: the request.
        out: folder for label maps and overlay; None leaves them in the store.

    Raises:
        MissingArtifactError: there is no such run.
        ParameterError, DatasetError: the run, the video or a mask cannot be used.
        OccupiedOutputError: results would replace other files.
    """
    if is_archive(ArtifactStore(asked.store), asked.run):
        return correct_row(asked, out)
    run = prepare_correction(asked)
    parameters = run.parameters
    folder = None
    if out is not None:
        files = [Path(place) for place in (parameters.root, parameters.masks) if place]
        folder = results_folder(out, run.sources[0], files)
    code = execute_run(run)
    if code == 0:
        console = Terminal()
        console.print(_told(run))
        if folder is not None:
            place = parameters.store, parameters.run_name, parameters.preset
            masks, overlay = write_results(*place, folder)
            console.print(f"Label maps: {masks}")
            console.print(f"To look at: {overlay}")
    return code


def prepare_correction(asked: CorrectionRequest) -> ResolvedRun:
    """Store the masks, and resolve the run that makes the corrected result; raises as `correct`."""
    store = ArtifactStore(asked.store)
    found = find_run(store, asked.run)
    if found.info.parameters.get("ablation"):
        raise ParameterError(f"the run {found.info.run_id} is an ablation, which is not corrected")
    video = _only_video(found) if asked.video is None else asked.video
    before = found.prediction(video)
    stored = open_video(store, found.results.keys[video].video)
    frames = VideoFrames(stored.frame_names, stored.output_size, video)
    maps = added_masks(asked.masks, frames, stored.objects)
    checked = {frames.order[name]: _visible(maps[name], name, stored) for name in maps}
    former = _parameters(found, asked)
    correction = Correction(
        before.key,
        tuple((frame, save_mask(store, mask)) for frame, mask in checked.items()),
        _masks_before(former),
        _weights(store, before),
    )
    parameters = former.model_copy(
        update={
            "videos": (video,) if former.masks is None else None,
            "correction": correction,
            "parent": former.parent or _parent(store, correction),
            "run_id": corrected_run(
                found.info.run_id,
                correction.prediction,
                correction.added,
                former.preset,
                former.overrides,
            ),
        }
    )
    run = resolve(parameters)
    (source,) = run.sources
    if key_in_store(store, source, parameters.resolution) != stored.key:
        raise ParameterError(
            f"the frames or masks of {video} are no longer those of the run {found.info.run_id}: "
            "restore the files, or segment the video again"
        )
    return run


def _parameters(found: FoundRun, asked: CorrectionRequest) -> BenchmarkParameters:
    """The parameters of the run, for one preset, with the options that the request changes."""
    known = {**found.info.parameters, "store": asked.store, "run_id": found.info.run_id}
    former = BenchmarkParameters(**known)
    kept = former.overrides
    if found.preset != former.preset:
        kept = {name: text for name, text in kept.items() if name.split(".")[0] in _SHARED}
    return former.model_copy(
        update={
            "preset": found.preset,
            "compare": (),
            "overrides": {**kept, **asked.overrides},
            "workers": asked.workers,
            "dask_address": asked.dask_address,
            "force": former.force or asked.force,
        }
    )


def _only_video(found: FoundRun) -> str:
    if len(found.results.videos) != 1:
        raise ParameterError(
            f"the run {found.info.run_id} has {len(found.results.videos)} videos: name the one to "
            f"correct, such as {found.results.videos[0] if found.results.videos else 'VIDEO'}"
        )
    return found.results.videos[0]


def _visible(label_map: UInt8Array, frame: str, stored: StoredVideo) -> UInt8Array:
    """The label map of a frame, if every object of it has pixels at the working size."""
    left = object_ids(working_label_map(label_map, stored.size))
    if lost := sorted(set(object_ids(label_map)) - set(left)):
        raise ParameterError(
            f"the mask of frame {frame}: object {lost[0]} has no pixel left at the working size "
            f"{stored.size[1]}x{stored.size[0]}; mark more of it"
        )
    return label_map


def _masks_before(former: BenchmarkParameters) -> tuple[tuple[int, str], ...]:
    """Masks that the run had added itself."""
    known = former.correction
    return () if known is None else known.earlier + known.added


def _weights(store: ArtifactStore, before: StoredPrediction) -> tuple[tuple[int, str], ...]:
    """Finetuned weights of a result that were kept, by object."""
    named = before.metadata.get("weights", {})
    return tuple(
        (int(object_id), key)
        for object_id, key in sorted(named.items(), key=lambda pair: int(pair[0]))
        if store.exists(FINETUNED, key)
    )


def _parent(store: ArtifactStore, correction: Correction) -> str | None:
    """Key of the parent of the weights that were kept; so no training video is needed."""
    for _, key in correction.weights:
        parent: str = store.open(FINETUNED, key).metadata["parent"]
        return parent
    return None


def _told(run: ResolvedRun) -> str:
    """Which frames were computed, and which are those of the result before."""
    found = find_run(ArtifactStore(run.parameters.store), run.parameters.run_name)
    prediction = found.prediction(run.sources[0].name)
    first, count = int(prediction.metadata.get("first_changed", 0)), prediction.frame_count
    others = f"; the {first} frames before are those of the result before" if first else ""
    return f"Computed {count - first} of {count} frames{others}."
