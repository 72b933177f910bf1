"""Makes the pictures of a report: overlays of a few frames, and J over time."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from maskrnn_core.drawing.overlays import contact_sheet, overlay
from maskrnn_core.optical_flow.accuracy import spread
from maskrnn_core.optical_flow.picture import flow_picture
from maskrnn_core.video import UInt8Array
from storage.kinds.predictions import StoredPrediction
from storage.kinds.stored_video import open_video
from storage.store.artifacts import ArtifactStore
from tasks.keys import PreparedVideo
from tasks.plan.outcome import VideoResult
from tasks.reporting.folder import replace_file
from tasks.reporting.plotting import new_figure, png

_FRAMES = 6
_COLUMNS = 3
_WIDEST = 480
"""Pixels of one picture in a sheet."""
_LINES_INSIDE = 5
"""With more lines than this, the legend is beside the plot."""


def write_overlays(store: ArtifactStore, result: VideoResult, file: Path) -> None:
    """Write one sheet (JPEG) of frames spread over the video, with predicted objects tinted."""
    video = open_video(store, result.video.key)
    prediction = StoredPrediction(store, result.prediction)
    count = min(_FRAMES, video.frame_count)
    indices = np.linspace(0, video.frame_count - 1, count).round().astype(int)
    pictures, captions = [], []
    for index in indices.tolist():
        frame, labels = _same_size(video.frame(index), prediction.label_map(index))
        pictures.append(overlay(frame, labels))
        captions.append(f"{result.video.name} {video.frame_names[index]}")
    sheet = contact_sheet(pictures, _COLUMNS, captions)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    replace_file(file, data.tobytes())


def write_flow_pictures(store: ArtifactStore, video: PreparedVideo, file: Path) -> None:
    """Write one sheet (JPEG) of forward flow on the colour wheel; its longest motion has full
    colour.

    A video of one frame has no flow and gives a white picture.
    """
    stored = open_video(store, video.key, video.flow_key)
    indices = spread(stored.frame_count - 1, _FRAMES)
    flows = [stored.forward_flow(index) for index in indices] or [None]
    fields = [np.zeros((*stored.size, 2), np.float32) if f is None else f for f in flows]
    largest = max(float(np.hypot(field[..., 0], field[..., 1]).max()) for field in fields) or 1.0
    pictures = [_reduced(flow_picture(field, largest)) for field in fields]
    names = [stored.frame_names[index] for index in indices] or [stored.frame_names[0]]
    captions = [f"{video.name} {name}, white still, full {largest:.1f} px" for name in names]
    sheet = contact_sheet(pictures, _COLUMNS, captions)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    replace_file(file, data.tobytes())


def write_plot(per_frame: pd.DataFrame, video: str, file: Path) -> None:
    """Write a plot (PNG) of J per frame of one video, a line per preset: the mean over objects."""
    figure = new_figure(7, 3)
    axes = figure.add_subplot()
    rows = per_frame[per_frame["video"] == video]
    for preset, values in rows.groupby("preset", sort=False):
        mean = values.groupby("frame")["J"].mean()
        axes.plot(mean.index, mean.to_numpy(), label=str(preset), linewidth=1.2)
    axes.set(xlabel="frame", ylabel="J", ylim=(0, 1.02), title=video)
    if len(axes.lines) > _LINES_INSIDE:
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize="x-small")
    else:
        axes.legend(loc="lower left", fontsize="small")
    replace_file(file, png(figure))


def _reduced(picture: UInt8Array) -> UInt8Array:
    """Reduce a picture to the greatest width in a sheet."""
    height, width = picture.shape[:2]
    if width <= _WIDEST:
        return picture
    size = (_WIDEST, round(height * _WIDEST / width))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _same_size(frame: UInt8Array, labels: UInt8Array) -> tuple[UInt8Array, UInt8Array]:
    """Return frame and label map at the frame's size, reduced if they are too wide for a sheet."""
    height, width = frame.shape[:2]
    scale = min(1.0, _WIDEST / width)
    size = (round(width * scale), round(height * scale))
    if size != (width, height):
        frame = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
    if labels.shape != frame.shape[:2]:
        labels = np.asarray(cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    return frame, labels
