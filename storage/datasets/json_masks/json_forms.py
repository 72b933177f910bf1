"""Reads the masks in JSON files of annotation programs and data sets.

| form | recognized by | objects |
|---|---|---|
| COCO | "annotations" with "segmentation" | object, object_id; track_id and the like |
| YouTube-VIS | "videos", "annotations" with "segmentations" | one per annotation |
| SA-V | "masklet" | one per masklet |
| BURST | "sequences" with "segmentations" | one per track |
| labelme | "shapes" | one per label and group_id, otherwise per shape |
| VIA | "regions" of files | one per region |
"""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from storage.datasets.images.frame_matching import VideoFrames
from storage.datasets.json_masks.drawn_shapes import labelme_shape, via_shape
from storage.datasets.json_masks.json_mask import JsonMask
from storage.datasets.json_masks.run_lengths import has_object
from storage.errors import DatasetError

READ_FORMS = (
    "Supported forms are COCO run lengths and polygons, YouTube-VIS, SA-V, BURST, labelme and VIA: "
    "export one of them, or masks as PNG. See docs/own-videos.md."
)

_VIA_PROJECT = "_via_img_metadata"


def masks_of_program(path: Path, document: Any, frames: VideoFrames) -> list[JsonMask] | None:
    """The masks of a file in one of these forms except COCO; None for any other file.

    Raises:
        DatasetError: the file has such a form but cannot be used, or its program's form is not
            supported.
    """
    if isinstance(document, list):
        if any(isinstance(entry, dict) and "data" in entry for entry in document):
            raise DatasetError(
                f"{path} is a file of Label Studio, whose brush strokes are not read. Export the "
                "masks as 'Brush labels to PNG', or polygons as COCO."
            )
        return None
    if not isinstance(document, dict):
        return None
    try:
        if isinstance(document.get("shapes"), list):
            return list(_labelme(path, document))
        if isinstance(document.get("masklet"), list):
            return list(_sav(path, document, frames))
        if isinstance(document.get("sequences"), list):
            return list(_burst(path, document["sequences"], frames))
        if isinstance(document.get("videos"), list) and "annotations" in document:
            return list(_youtube_vis(path, document, frames))
        files = document.get(_VIA_PROJECT, document)
        if isinstance(files, dict) and files and all(map(_has_regions, files.values())):
            return list(_via(path, files))
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(
            f"{path} cannot be understood ({type(error).__name__}: {error}). {READ_FORMS}"
        ) from error
    return None


def _labelme(path: Path, document: dict[str, Any]) -> Iterator[JsonMask]:
    frame = _stem(document.get("imagePath") or path.name)
    height, width = document.get("imageHeight"), document.get("imageWidth")
    size = _size(height, width)
    for place, shape in enumerate(document["shapes"]):
        where = f"{path}, shape {place}"
        group = shape.get("group_id")
        label = str(shape.get("label"))
        identity = None if group is None else f"{label} {group}"
        drawn = labelme_shape(where, shape, size)
        yield JsonMask(where, frame, None, drawn, identity, size, is_only_picture=True, label=label)


def _via(path: Path, files: dict[str, Any]) -> Iterator[JsonMask]:
    for entry in files.values():
        regions = entry["regions"]
        listed = regions.values() if isinstance(regions, dict) else regions
        for place, region in enumerate(listed):
            where = f"{path}, {entry['filename']}, region {place}"
            shape = via_shape(where, region["shape_attributes"])
            only = len(files) == 1
            yield JsonMask(where, _stem(entry["filename"]), None, shape, is_only_picture=only)


def _youtube_vis(path: Path, document: dict[str, Any], frames: VideoFrames) -> Iterator[JsonMask]:
    videos = {str(PurePosixPath(v["file_names"][0]).parent): v for v in document["videos"]}
    video = _chosen(path, videos, frames)
    names = _frames_listed(path, video["file_names"], frames)
    for number, annotation in enumerate(document["annotations"] or []):
        if annotation["video_id"] != video["id"]:
            continue
        identity = str(annotation.get("id", number))
        for name, shape in zip(names, annotation["segmentations"], strict=True):
            if shape and _is_drawn(shape):
                where = f"{path}, annotation {identity}, frame {name}"
                size = _size(video.get("height"), video.get("width"))
                yield JsonMask(where, name, None, shape, identity, size)


def _sav(path: Path, document: dict[str, Any], frames: VideoFrames) -> Iterator[JsonMask]:
    """Masklets are annotated on every fourth frame of the video."""
    masklets = document["masklet"]
    step = next((s for s in (1, 4) if -(-len(frames.names) // s) == len(masklets)), None)
    if step is None:
        raise DatasetError(
            f"{path} has masks of {len(masklets)} frames, the video {len(frames.names)} frames; "
            "SA-V has masks of every frame or every fourth. Give the video to which it belongs."
        )
    ids = document.get("masklet_id") or []
    for index, of_frame in enumerate(masklets):
        for place, shape in enumerate(of_frame):
            identity = str(ids[place] if place < len(ids) else place)
            where = f"{path}, masklet {identity}, frame {index * step}"
            if shape and _is_drawn(shape):
                yield JsonMask(where, index * step, None, shape, identity)


def _burst(path: Path, sequences: Sequence[Any], frames: VideoFrames) -> Iterator[JsonMask]:
    sequence = _chosen(path, {str(s["seq_name"]): s for s in sequences}, frames)
    names = _frames_listed(path, sequence["annotated_image_paths"], frames)
    size = [sequence["height"], sequence["width"]]
    for name, tracks in zip(names, sequence["segmentations"], strict=True):
        for track, mask in tracks.items():
            where = f"{path}, track {track}, frame {name}"
            shape = {"size": size, "counts": mask["rle"]}
            yield JsonMask(where, name, None, shape, str(track))


def _chosen(path: Path, videos: dict[str, Any], frames: VideoFrames) -> Any:
    """The only video of a file, or the one with the name of the video."""
    if len(videos) == 1:
        return next(iter(videos.values()))
    named = [video for name, video in videos.items() if _stem(name) == frames.video]
    if len(named) == 1:
        return named[0]
    raise DatasetError(
        f"{path} holds masks of {len(videos)} videos ({', '.join(list(videos)[:10])}), and not one "
        f"of them is named {frames.video}. Leave the masks of one video in it."
    )


def _frames_listed(path: Path, files: Sequence[str], frames: VideoFrames) -> list[str | int]:
    """Frames of a list of files: by name, or by position if there are as many files as frames."""
    names = [_stem(file) for file in files]
    found = [frames.look_up(name, str(path)) for name in names]
    if len(names) == len(frames.names) and (None in found or len(set(found)) < len(found)):
        return list(range(len(names)))
    return list(names)


def _has_regions(entry: Any) -> bool:
    return isinstance(entry, dict) and "regions" in entry and "filename" in entry


def _is_drawn(shape: Any) -> bool:
    """Whether a mask has content; SA-V writes empty run lengths for hidden objects."""
    counts = shape.get("counts") if isinstance(shape, dict) else None
    if not isinstance(counts, str | list):
        return True  # polygons
    try:
        return has_object(counts)
    except ValueError:
        return True  # damaged: its reader says where


def _size(height: Any, width: Any) -> tuple[int, int] | None:
    if type(height) is int and type(width) is int and height > 0 and width > 0:
        return height, width
    return None


def _stem(name: Any) -> str:
    return PurePosixPath(str(name).replace("\\", "/")).stem
