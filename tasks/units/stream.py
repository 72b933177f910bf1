"""Segments one clip of any length from its file, without storing frames or optical flow."""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from maskrnn_core.digest import weights_digest
from maskrnn_core.options import ComputeOptions, Preset
from storage.kinds.checkpoints import PARENTS, load_checkpoint
from storage.kinds.prediction_writer import PredictionWriter
from storage.kinds.predictions import PREDICTIONS, StoredPrediction, write_prediction
from storage.store.artifacts import ArtifactStore
from tasks.clip import StreamedClip, StreamOptions
from tasks.errors import ParameterError
from tasks.inputs.flow_method import FlowMethod
from tasks.scores.confidence import video_confidence
from tasks.streaming.opened_clip import OpenedClip
from tasks.streaming.stage_clock import StageClock
from tasks.units.provenance import provenance as where_from
from tasks.units.segment import CHECKPOINT_FRAMES
from tasks.units.segmenters import segmenter_for
from tasks.units.threads import shared_machine

if TYPE_CHECKING:
    from maskrnn_core.networks.weights import Weights
    from maskrnn_core.samples.augmentation import FrameSample
    from tasks.streaming.video import ClipStream


@dataclass(frozen=True)
class StreamFigures:
    """What a call of `segment_stream` did.

    Args:
        frames: number of frames of the clip.
        resumed: frames that an interrupted call had left, or all if the result existed.
        objects: number of objects that were followed.
        shots: number of shots of the clip.
        seconds: wall time per stage; stages overlap: "open" (reading the whole file once for the
            times of its frames, digests, masks), "decode", "cuts", "flow", "finetune", "segment"
            (without waiting for frames), "write".
        real_time_factor: seconds of the video that were segmented per second of wall time; None
            if frames have no times, or none was segmented.
        trust: how far the result can be trusted, as `tasks.scores.confidence.video_confidence`
            gives it.
        remarks: what a person should check about the clip and its masks, a sentence each.
    """

    frames: int
    resumed: int
    objects: int
    shots: int
    seconds: Mapping[str, float]
    real_time_factor: float | None
    trust: Mapping[str, float] = field(default_factory=dict)
    remarks: Sequence[str] = ()


def segment_stream(
    store_url: str,
    key: str,
    clip: StreamedClip,
    method: FlowMethod,
    parent: str | None,
    preset: Preset,
    compute: ComputeOptions,
    short_side: int | None,
    provenance: Mapping[str, Any],
    checkpoint_frames: int = CHECKPOINT_FRAMES,
    options: StreamOptions = StreamOptions(),  # noqa: B008 (frozen)
) -> StreamFigures:
    """Write label maps, states, boxes, confidence and shots of a clip (kind "predictions").

    Each frame is decoded, gets its optical flow and is segmented in turn; nothing else is stored,
    and memory does not depend on the length. Finetuned weights are kept only in memory. At a cut
    every object is lost, and its network searches for it in the new shot. A mask on a later frame
    starts its object again.

    Args:
        store_url: the store.
        key: key of the prediction, as `tasks.keys.stream_key` gives it.
        clip: frames and masks.
        method: estimator of the optical flow.
        parent: key of the parent's checkpoint; None for a preset without a network.
        preset: network, finetuning and inference options.
        compute: device, precision, threads.
        short_side: of the frames to segment, in pixels; None keeps the source's.
        provenance: what the caller knows about the source, such as its URI.
        checkpoint_frames: as for `segment`.
        options: cuts and soft masks.

    Raises:
        DatasetError: the video or the masks cannot be used; names the file and what to do.
        InvalidInputError: the estimator cannot use the frames.
        ParameterError: the preset has a network, but there is no parent.
    """
    from tasks.streaming.video import ClipStream

    store = ArtifactStore(store_url)
    if store.exists(PREDICTIONS, key):
        return stored_figures(store, key)
    if preset.network is not None and parent is None:
        raise ParameterError(f"the preset {preset.name} needs a parent: name its checkpoint")
    if preset.inference.backwards:
        raise ParameterError(
            "a clip that is segmented while it is decoded is read forwards only: remove "
            "inference.backwards"
        )
    clock, began, compute = StageClock(), time.perf_counter(), shared_machine(compute)
    with clock.measure("open"):
        opened = OpenedClip(clip.open(), short_side)
        digests = dict(zip(("video_digest", "masks_digest"), clip.digests(), strict=True))
    checkpoints = {} if parent is None else {"parent": parent}
    source = {**dataclasses.asdict(clip), **digests, **provenance}
    chosen = [preset, compute, short_side, method.digest, options]
    metadata: dict[str, Any] = {"preset": dataclasses.asdict(preset)}
    metadata["compute"] = dataclasses.asdict(compute)
    metadata["masks"] = {str(frame): list(ids) for frame, ids in opened.starts.items()}
    with write_prediction(
        store,
        key,
        video=clip.name,
        size=opened.output_size,
        objects=opened.objects,
        frame_names=opened.frame_names,
        metadata=metadata,
        frame_times=opened.frame_times,
        soft_masks=options.soft_masks,
    ) as writer:
        resumed, shots = writer.next_frame, 0
        if resumed == opened.frame_count and writer.tracker_state is not None:
            shots = int(writer.tracker_state["shot"]) + 1
        else:
            estimator = None if preset.tracker is not None else method.build(compute)
            stream = ClipStream(opened, estimator, options, clock)
            with clock.measure("finetune"):
                weights = _weights(store, stream, parent, preset, compute)
            shots = _segment(stream, weights, preset, compute, writer, checkpoint_frames)
            checkpoints |= {f"object {i}": weights_digest(weights[i]) for i in weights}
        seconds = time.perf_counter() - began
        metadata |= {
            "provenance": where_from(source, chosen, checkpoints),
            "seconds": {**clock.seconds, "all": seconds},
            "shots": shots,
            "remarks": opened.remarks,
        }
    factor = _real_time_factor(opened, resumed, seconds)
    return StreamFigures(
        opened.frame_count,
        resumed,
        len(opened.objects),
        shots,
        dict(clock.seconds),
        factor,
        video_confidence(StoredPrediction(store, key)),
        opened.remarks,
    )


def stored_figures(store: ArtifactStore, key: str) -> StreamFigures:
    """Return the figures of a prediction that is in the store already.

    Raises:
        MissingArtifactError, CorruptArtifactError, NewerSchemaError: see `ArtifactStore.open`.
    """
    prediction = StoredPrediction(store, key)
    count, objects = prediction.frame_count, len(prediction.objects)
    shots = int(prediction.shots[-1]) + 1
    trust = video_confidence(prediction)
    remarks = prediction.metadata.get("remarks", [])  # earlier versions did not keep them
    return StreamFigures(count, count, objects, shots, {}, None, trust, remarks)


def _weights(
    store: ArtifactStore,
    stream: "ClipStream",
    parent: str | None,
    preset: Preset,
    compute: ComputeOptions,
) -> "dict[int, Weights]":
    """Return weights for every object: the parent's, finetuned if the preset requires it."""
    from maskrnn_core.samples.reading import read_sample
    from maskrnn_core.training.finetuning import MOST_FRAMES, finetune_on, spread

    if parent is None or preset.network is None:
        return {}
    weights, _ = load_checkpoint(store, PARENTS, parent)
    tuned: dict[int, Weights] = dict.fromkeys(stream.clip.objects, weights)
    if preset.finetune is None:
        return tuned
    groups: dict[tuple[int, ...], list[int]] = {}
    for object_id in stream.clip.objects:
        given = [frame for frame, ids in stream.clip.starts.items() if object_id in ids]
        groups.setdefault(tuple(spread(given, MOST_FRAMES)), []).append(object_id)
    for frames, objects in groups.items():
        samples: dict[int, dict[str, FrameSample]] = {object_id: {} for object_id in objects}
        for frame in frames:
            with stream.video(frame) as video:
                for object_id in objects:
                    name = f"{video.name}, frame {frame}, object {object_id}"
                    samples[object_id][name] = read_sample(
                        video, frame, object_id, with_flows=preset.reads_flow
                    )
        for object_id in objects:
            made = finetune_on(samples[object_id], object_id, weights, preset, compute)
            tuned[object_id] = made.weights
    return tuned


def _segment(
    stream: "ClipStream",
    weights: "Mapping[int, Weights]",
    preset: Preset,
    compute: ComputeOptions,
    writer: PredictionWriter,
    checkpoint_frames: int,
) -> int:
    """Add the missing frames; return the number of shots."""
    from maskrnn_core.trackers.segmenter import reading_start

    clip, clock, shots = stream.clip, stream.clock, 0
    with stream.video(reading_start(writer.next_frame, writer.tracker_state)) as video:
        segmenter = segmenter_for(
            video,
            weights,
            preset,
            compute,
            starts=clip.starts,
            is_cut=video.is_cut,
            keep_soft_masks=stream.options.soft_masks,
        )
        # This is closed before the stream, which may be waiting for a frame that still arrives.
        with closing(segmenter.frames(writer.next_frame, writer.tracker_state)) as results:
            for frame in clock.each(results, "segment"):
                shots = frame.shot + 1
                with clock.measure("write"):
                    writer.add(
                        frame.index,
                        frame.label_map,
                        frame.states,
                        frame.boxes,
                        frame.confidence,
                        frame.shot,
                        frame.probabilities,
                    )
                    if writer.next_frame % checkpoint_frames == 0:
                        writer.checkpoint(segmenter.state())
    clock.seconds["segment"] -= segmenter.waited
    return shots


def _real_time_factor(clip: OpenedClip, resumed: int, seconds: float) -> float | None:
    times = clip.frame_times
    if times is None or len(times) < 2 or resumed == len(times):
        return None
    interval = (times[-1] - times[0]) / (len(times) - 1)
    return interval * (len(times) - resumed) / seconds
