"""Computes the keys of all artifacts: a digest of everything that affects them, and nothing else.

A key does not contain names of presets and runs, the number of threads unless one was given, or the
device if it is "auto" (the artifact's metadata state the device that was used).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from maskrnn_core.digest import stable_digest
from maskrnn_core.options import ComputeOptions, Preset
from maskrnn_core.training.identity import as_trained, offline_parts
from tasks.clip import StreamedClip, StreamOptions
from tasks.given import Correction, GivenMask, added_objects

_VERSIONS = {
    "flow": 2,
    "parent": 3,
    "finetuned": 3,
    "prediction": 3,
    "evaluation": 2,
    "stream": 2,
    "tracked": 1,
}
"""One version per stage; raised when the same input begins to give another result."""


@dataclass(frozen=True)
class PreparedVideo:
    """A video in the store with its optical flow, the input of all later stages."""

    name: str
    key: str
    content_digest: str
    flow_key: str
    objects: tuple[int, ...]
    frame_count: int
    given: tuple[GivenMask, ...] = ()
    """The given masks; () for the first annotation of each object."""
    correction: Correction | None = None
    """What the masks were added to."""

    def weights_before(self, object_id: int) -> str | None:
        """Key of the weights from which a corrected object is finetuned; None: the parent's."""
        if self.correction is None or object_id not in added_objects(self.given, self.correction):
            return None
        return dict(self.correction.weights).get(object_id)

    def weights_kept(self, object_id: int) -> str | None:
        """Key of the weights of an object that a correction leaves as they are; None: finetune."""
        if self.correction is None or object_id in added_objects(self.given, self.correction):
            return None
        return dict(self.correction.weights).get(object_id)


def flow_key(
    content_digest: str, estimator_digest: str, compute: ComputeOptions | None = None
) -> str:
    """Key of the optical flow of one video, in both directions, by one estimator.

    Args:
        content_digest: of the video.
        estimator_digest: of the method and its weights.
        compute: the requested options; None for a method whose result device and precision do not
            change.
    """
    asked = None if compute is None else {"device": compute.device, "precision": compute.precision}
    return _key("flow", video=content_digest, estimator=estimator_digest, compute=asked)


def parent_key(
    videos: Sequence[PreparedVideo],
    preset: Preset,
    compute: ComputeOptions,
    initial: str | None = None,
) -> str:
    """Key of the weights of offline training.

    Args:
        videos: the training videos, in order.
        preset: its network and its two offline stages count.
        compute: the requested options.
        initial: digest of the weights that training starts from; None for random ones.
    """
    network, static, recurrent = offline_parts(preset)
    return _key(
        "parent",
        videos=[_identity(video) for video in videos],
        network=network,
        static=static,
        recurrent=recurrent,
        initial=initial,
        compute={**_asked(compute), **_asked_processes(compute)},
    )


def finetuned_key(
    video: PreparedVideo, object_id: int, parent: str, preset: Preset, compute: ComputeOptions
) -> str:
    """Key of the weights of online finetuning to one object."""
    given = [[mask.frame, mask.mask] for mask in video.given if object_id in mask.objects]
    # One mask, the video's own, is what there was before there could be several.
    has_more = len(given) > 1 or any(key for _, key in given)
    return _key(
        "finetuned",
        video=_identity(video),
        object=object_id,
        parent=video.weights_before(object_id) or parent,
        network=None if preset.network is None else as_trained(preset.network),
        finetune=preset.finetune,
        compute=_asked(compute),
        **({"given": given} if has_more else {}),
    )


def prediction_key(
    video: PreparedVideo, weights: Mapping[int, str], preset: Preset, compute: ComputeOptions
) -> str:
    """Key of the label maps of one video.

    Args:
        weights: key of the weights (finetuned or the parent's) per object; empty without network.
    """
    network = preset.network
    given = {"given": [[m.frame, m.objects, m.mask] for m in video.given]} if video.given else {}
    if preset.tracker is not None:  # it reads frames and masks alone
        digest, identity = video.content_digest, preset.tracker.identity
        return _key("tracked", video=digest, tracker=identity, **given)
    before = {} if video.correction is None else {"before": video.correction.prediction}
    return _key(
        "prediction",
        video=_identity(video),
        weights=[[object_id, weights[object_id]] for object_id in sorted(weights)],
        network=network,
        carry=preset.carry if network is None else None,
        inference=preset.inference,
        compute=_asked(compute),
        **given,
        **before,
        **_detector(preset),
    )


def stream_key(
    source: str,
    masks: str,
    clip: StreamedClip,
    short_side: int | None,
    estimator_digest: str,
    parent: str | None,
    preset: Preset,
    compute: ComputeOptions,
    options: StreamOptions = StreamOptions(),  # noqa: B008 (frozen)
) -> str:
    """Key of the label maps of one clip that is segmented while it is decoded.

    Args:
        source: digest of the frames, as `StreamedClip.digests` gives it.
        masks: digest of the masks.
        clip: its name, start and end count, and whether it may have several masks.
        short_side: of the working size.
        estimator_digest: of the method of flow and its weights.
        parent: key of the parent; None without a network.
        preset: network, finetuning and inference options count.
        compute: the requested options.
        options: cuts and soft masks.
    """
    network = preset.network
    cut = [source, masks, clip.name, clip.start, clip.end, short_side]
    # Later masks of an object were once read by inference alone, not by finetuning.
    given = {} if clip.has_single_mask else {"given": "all masks"}
    if preset.tracker is not None:
        tracker = preset.tracker.identity
        return _key("tracked", source=cut, tracker=tracker, options=options, **given)
    return _key(
        "stream",
        source=cut,
        estimator=estimator_digest,
        parent=parent,
        network=network,
        carry=preset.carry if network is None else None,
        finetune=None if network is None else preset.finetune,
        inference=preset.inference,
        compute=_asked(compute),
        options=options,
        **given,
        **_detector(preset),
    )


def evaluation_key(video: PreparedVideo, prediction: str, protocol: str) -> str:
    """Key of the metrics of one prediction against the annotations of its video."""
    return _key("evaluation", video=video.content_digest, prediction=prediction, protocol=protocol)


def imported_key(weights_digest: str) -> str:
    """Key of a parent that was trained elsewhere."""
    return _key("parent", imported=weights_digest)


def _key(stage: str, **parts: Any) -> str:
    return stable_digest({"stage": stage, "version": _VERSIONS[stage], **parts})


def _identity(video: PreparedVideo) -> list[str]:
    return [video.content_digest, video.flow_key]


def _detector(preset: Preset) -> dict[str, str]:
    return {} if preset.detector is None else {"detector": preset.detector}


def _asked_processes(compute: ComputeOptions) -> dict[str, int]:
    return {} if compute.processes == 1 else {"processes": compute.processes}


def _asked(compute: ComputeOptions) -> dict[str, Any]:
    asked: dict[str, Any] = {"device": compute.device, "precision": compute.precision}
    return asked if compute.threads is None else {**asked, "threads": compute.threads}
