"""Runs recurrent inference on one video with the weights of its objects."""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from typing import Any

from maskrnn_core.options import ComputeOptions, Preset
from storage.kinds.checkpoints import FINETUNED, PARENTS, load_checkpoint
from storage.kinds.predictions import PREDICTIONS, StoredPrediction, write_prediction
from storage.kinds.stored_video import StoredVideo, open_video
from storage.store.artifacts import ArtifactStore
from tasks.keys import PreparedVideo
from tasks.progress_lines import ProgressLines
from tasks.units.given_video import GivenVideo, open_given
from tasks.units.provenance import provenance
from tasks.units.segmenters import segmenter_for
from tasks.units.threads import shared_machine

CHECKPOINT_FRAMES = 50


def segment(
    store_url: str,
    key: str,
    video: PreparedVideo,
    weights: Mapping[int, str],
    preset: Preset,
    compute: ComputeOptions,
    checkpoint_frames: int = CHECKPOINT_FRAMES,
) -> None:
    """Write label maps, states, boxes and confidence of every frame (kind "predictions").

    Of a result that is corrected, the frames that the correction cannot change are copied.

    Args:
        store_url: the store.
        key: key of the prediction.
        video: the video with its optical flow.
        weights: key of the checkpoint per object, finetuned or the parent's; empty for a preset
            without a network.
        preset: network and inference options.
        compute: device, precision, threads.
        checkpoint_frames: frames between two saved tracker states; a killed worker loses at most
            this many. Does not change the result.
    """
    store = ArtifactStore(store_url)
    if store.exists(PREDICTIONS, key):
        return
    started = time.perf_counter()
    compute = shared_machine(compute)
    kind = PARENTS if preset.finetune is None else FINETUNED
    # Trackers of other packages and instances know of a video what no prediction holds.
    starts_anew = preset.tracker is not None or preset.inference.instances is not None
    corrected = None if starts_anew else video.correction
    # Without finetuning all objects share the parent, so it is read once.
    loaded = {key: load_checkpoint(store, kind, key)[0] for key in set(weights.values())}
    stored = open_video(store, video.key)
    opened = open_given(store, video)
    by_object = {object_id: loaded[weights[object_id]] for object_id in weights}
    metadata: dict[str, Any] = {
        "preset": dataclasses.asdict(preset),
        "compute": dataclasses.asdict(compute),
        "weights": {str(object_id): weights[object_id] for object_id in weights},
        "masks": {str(frame): list(ids) for frame, ids in _starts(opened).items()},
        "corrected": None if video.correction is None else dataclasses.asdict(video.correction),
        "provenance": provenance(
            {
                "video": video.name,
                "video_digest": video.content_digest,
                "video_key": video.key,
                "origin": stored.attributes.get("origin"),  # earlier versions did not keep it
            },
            [preset, compute, video.flow_key],
            {f"object {object_id}": weights[object_id] for object_id in weights},
        ),
    }
    with write_prediction(
        store,
        key,
        video=video.name,
        size=stored.output_size,
        objects=stored.objects,
        frame_names=stored.frame_names,
        metadata=metadata,
        frame_times=stored.frame_times,
    ) as writer:
        segmenter = segmenter_for(opened, by_object, preset, compute, starts=_starts(opened))
        state = writer.tracker_state
        if corrected is not None:
            from tasks.units.continued import copy_frames, first_changed, state_after

            before = StoredPrediction(store, corrected.prediction)
            first = first_changed(video.given, corrected, backwards=preset.inference.backwards)
            metadata["first_changed"] = first
            if writer.next_frame <= first:
                copy_frames(before, writer, first)
                state = state_after(before, first - 1, stored.size, video.given) if first else None
        progress = ProgressLines("frames", len(stored.frame_names), writer.next_frame)
        frames = segmenter.frames(writer.next_frame, state)
        for frame in progress.over(frames):
            writer.add(frame.index, frame.label_map, frame.states, frame.boxes, frame.confidence)
            if writer.next_frame % checkpoint_frames == 0:
                writer.checkpoint(segmenter.state())
        metadata["seconds"] = time.perf_counter() - started


def _starts(video: StoredVideo | GivenVideo) -> Mapping[int, Sequence[int]]:
    """Ids of the objects whose masks are given, by frame."""
    from maskrnn_core.inference.segmentation import first_frames

    return video.starts if isinstance(video, GivenVideo) else first_frames(video)
