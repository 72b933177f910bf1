"""Makes the part of a page that shows one video: frames, masks, optical flow and figures."""

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pandas as pd

from maskrnn_core.optical_flow.accuracy import spread
from maskrnn_core.optical_flow.picture import flow_picture
from maskrnn_core.video import UInt8Array
from storage.kinds.stored_video import StoredVideo
from tasks.pages.sheets import (
    SheetForm,
    jpeg,
    label_png,
    reduced,
    reduced_labels,
    sheet_form,
    sheets,
)
from tasks.pages.shown import ShownMethod, ShownVideo

MOST_FRAMES = 600
"""Frames of one video in a page; of a longer video every second one is shown, or fewer."""

Place = Callable[[str, bytes], str]
"""Puts a picture where the page finds it, under a name; returns its address for the page."""

_FLOW_SAMPLES = 6


@dataclass(frozen=True)
class Detail:
    """Size and quality of the pictures.

    Args:
        frame: longer side of frames, pixels.
        quality: of frames, as JPEG defines it.
        labels: longer side of label maps.
        flow: longer side of optical flow; 0 leaves it out.
    """

    frame: int = 480
    quality: int = 60
    labels: int = 480
    flow: int = 240


def video_part(shown: ShownVideo, place: Place, detail: Detail) -> dict[str, Any]:
    """Return the part as JSON; pictures of frames and flow go through `place`.

    Label maps are in the JSON itself, because a script may read only the pixels of pictures that
    it brings along.
    """
    video = shown.video
    step = -(-video.frame_count // MOST_FRAMES)
    kept = range(0, video.frame_count, step)
    frames = sheet_form(video.size, detail.frame)
    labels = sheet_form(video.output_size, detail.labels)
    part: dict[str, Any] = {
        "name": shown.name,
        "step": step,
        "frameNames": [video.frame_names[index] for index in kept],
        "frames": frames.as_json()
        | {
            "urls": [
                place(f"frames-{number}.jpg", jpeg(sheet, detail.quality))
                for number, sheet in enumerate(
                    sheets((reduced(video.frame(index), frames) for index in kept), frames)
                )
            ]
        },
        "labels": labels.as_json(),
        "truth": _truth(video, kept, labels),
        "methods": {
            name: _method(method, kept, labels, video.output_size)
            for name, method in shown.methods.items()
        },
    }
    if detail.flow and shown.flow_key is not None and video.frame_count > 1:
        form = sheet_form(video.size, detail.flow)
        part["flow"] = form.as_json() | {
            "urls": [
                place(f"flow-{number}.jpg", jpeg(sheet, detail.quality))
                for number, sheet in enumerate(sheets(_flow(video, kept, form), form))
            ]
        }
    return part


def _truth(video: StoredVideo, kept: Sequence[int], form: SheetForm) -> dict[str, Any] | None:
    """The annotations, and per frame whether there is one; None if fewer than two frames have one.

    The first mask alone is no ground truth to compare with.
    """
    annotated = set(video.attributes["annotated"])
    if len(annotated) < 2:
        return None
    empty = np.zeros((form.height, form.width), np.uint8)

    def maps() -> Iterable[UInt8Array]:
        for index in kept:
            found = video.annotation(index)
            yield empty if found is None else reduced_labels(found, form)

    return {"known": [int(index in annotated) for index in kept], "urls": _label_urls(maps(), form)}


def _method(
    method: ShownMethod, kept: Sequence[int], form: SheetForm, size: Sequence[int]
) -> dict[str, Any]:
    maps = (reduced_labels(method.label_map(index), form) for index in kept)
    part: dict[str, Any] = {
        "objects": list(method.objects),
        "urls": _label_urls(maps, form),
        "J": _per_object(method, kept, "J"),
        "F": _per_object(method, kept, "F"),
    }
    if method.track is not None:
        scale = np.array([size[1], size[0], size[1], size[0]], np.float64)
        rows = list(kept)
        part["states"] = np.asarray(method.track.states)[rows].T.tolist()
        boxes = np.nan_to_num(np.asarray(method.track.boxes)[rows]).transpose(1, 0, 2) / scale
        part["boxes"] = boxes.round(3).tolist()
        confidence = np.nan_to_num(np.asarray(method.track.confidence, np.float64)[rows].T)
        part["confidence"] = confidence.round(2).tolist()
    return part


def _per_object(
    method: ShownMethod, kept: Sequence[int], column: str
) -> list[list[float | None]] | None:
    """A figure per object and shown frame; None for frames without it, or without annotations."""
    if method.figures.empty:
        return None
    known: dict[tuple[int, int], float] = {
        (int(object_id), int(frame)): float(value)
        for object_id, frame, value in zip(
            method.figures["object"], method.figures["frame"], method.figures[column], strict=True
        )
        if pd.notna(value)
    }

    def value(object_id: int, frame: int) -> float | None:
        found = known.get((object_id, frame))
        return None if found is None else round(found, 3)

    return [[value(object_id, frame) for frame in kept] for object_id in method.objects]


def _flow(video: StoredVideo, kept: Sequence[int], form: SheetForm) -> Iterable[UInt8Array]:
    """Forward flow as pictures; all frames of a video share the length of the full colour."""
    last = video.frame_count - 1
    samples = [_small_flow(video, index, form) for index in spread(last, _FLOW_SAMPLES)]
    largest = max(float(np.hypot(f[..., 0], f[..., 1]).max()) for f in samples) or 1.0
    for index in kept:
        # The last frame has no forward flow; it shows that of the frame before.
        yield flow_picture(_small_flow(video, min(index, last - 1), form), largest)


def _small_flow(video: StoredVideo, index: int, form: SheetForm) -> Any:
    flow = video.forward_flow(index)
    assert flow is not None  # the index is below that of the last frame
    size = (form.width, form.height)
    return np.asarray(cv2.resize(flow, size, interpolation=cv2.INTER_AREA), np.float32)


def _label_urls(maps: Iterable[UInt8Array], form: SheetForm) -> list[str]:
    return [data_url("image/png", label_png(sheet)) for sheet in sheets(maps, form)]


def data_url(kind: str, data: bytes) -> str:
    """An address that contains the data itself."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
