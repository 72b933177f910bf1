"""Carries out `maskrnn segment VIDEO`: your own video, from its file to its label maps."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flows.commands.execution import announced, execute_run, validated
from flows.commands.first_masks import FirstMasks
from flows.console.options import DataOptions
from flows.plan.parameters import SHORT_SIDE
from flows.plan.resolved_run import ResolvedRun, resolve
from flows.plan.run_plan import stored_parents
from flows.terminal import Terminal
from storage.datasets.images.frame_matching import VideoFrames
from storage.datasets.masks.frame_masks import read_frame_masks
from storage.datasets.readers.own_video import open_own_video
from storage.datasets.source import RemarkedVideo, SourceVideo
from storage.export.png_folders import palette_png
from storage.files.output_folder import OutputFolder
from storage.kinds.videos import working_size
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.export.mask_preview import write_mask_preview
from tasks.export.own_results import results_folder, write_results
from tasks.inputs.own_video_preset import with_preset


def segment_own_video(
    video: Path | None,
    first: FirstMasks,
    out: Path | None,
    data: DataOptions,
    fields: dict[str, Any],
    *,
    only_preview: bool = False,
    dry_run: bool = False,
) -> int:
    """Segment one video and write the results; exit code as for `execute`.

    Args:
        video: a file, or a folder of images.
        first: where its first masks come from.
        out: folder for the results; None means VIDEO-masks beside the video.
        data: the data options; with a video, only a resolution is allowed.
        fields: the parameters, without the data.
        only_preview: draw the first masks, and stop.
        dry_run: print what would be computed, and stop.

    Raises:
        ParameterError: no mask was given, or options of a data set or an address were.
        DatasetError: the video or the masks cannot be used.
        OccupiedOutputError: the results would replace the video, its masks or other files.
    """
    if video is None:
        raise ParameterError(
            "--mask, --box, --points, --preview and --out need a video: maskrnn segment VIDEO "
            "--mask FILE"
        )
    for path in (video, *([] if first.place is None else [first.place])):
        _refuse_address(path)
    video = video.expanduser().resolve()
    first.check()
    _check_data(video, data)
    out = video.with_name(f"{_name(video)}-masks") if out is None else out
    fields, choice = with_preset(fields)
    fields = {**fields, **_data_fields(video, _masks(video, first, out), data)}
    if only_preview:
        return _preview(fields, out)
    parameters = announced(fields)
    run = resolve(parameters)
    (source,) = run.sources
    results = results_folder(out, source, [video, Path(str(parameters.masks))])
    objects = source.objects  # reads video and masks, so that faults show before the start
    console = Terminal(stderr=True)
    warnings = _warnings(source, results)
    for line in [_found(source, objects), *warnings, choice, *_plan(run, source)]:
        if line:
            console.print(line)
    code = execute_run(run, dry_run=dry_run)
    if code == 0 and not dry_run:
        masks, overlay = write_results(
            parameters.store, parameters.run_name, parameters.preset, results
        )
        printed = Terminal()
        printed.print(f"Label maps: {masks}")
        printed.print(f"To look at: {overlay}")
    return code


def _refuse_address(path: Path) -> None:
    scheme = path.parts[0] if path.parts else ""
    if scheme.endswith(":") and not path.exists():
        raise ParameterError(
            f"{scheme}// is an address, and this command reads files of this machine: download the "
            "file first, or name the address in a table for `maskrnn archive` (docs/archive.md)"
        )


def _check_data(video: Path, data: DataOptions) -> None:
    if data != DataOptions(resolution=data.resolution):
        raise ParameterError(
            "give a video either as VIDEO or as part of a data set (--dataset, --root, --split, "
            "--videos), not both"
        )
    if not video.exists():
        raise ParameterError(f"the video {video} does not exist; correct the path")


def _masks(video: Path, first: FirstMasks, out: Path) -> Path:
    """The masks as a file or folder; those of frames, and boxes and points, are written into the
    folder of results."""
    if first.place is not None:
        return first.place.expanduser().resolve()
    name = _name(video)
    if files := first.of_frames:
        return _write_masks(video, files, out)
    file = out.expanduser().resolve() / first.file(name)
    folder = results_folder(out, open_own_video(video, file), [video])
    first.write(name, folder)
    return file


def _write_masks(video: Path, files: Mapping[str, Path], out: Path) -> Path:
    """Write masks of single frames into one folder, as label maps named as their frames."""
    name = _name(video)
    place = out.expanduser().resolve() / f"{name}-given"
    source = open_own_video(video, place)
    height, width = source.frame(0).shape[:2]
    frames = VideoFrames(source.frame_names, (height, width), name)
    maps = read_frame_masks(files, frames)
    folder = results_folder(out, source, [video, *files.values()])
    with folder.folder(place.name) as draft:
        for frame, label_map in maps.items():
            (draft / f"{frame}.png").write_bytes(palette_png(label_map))
    return place


def _data_fields(video: Path, masks: Path, data: DataOptions) -> dict[str, Any]:
    return {
        "dataset": "video",
        "root": str(video),
        "masks": str(masks),
        "resolution": data.resolution or SHORT_SIDE,
    }


def _preview(fields: dict[str, Any], out: Path) -> int:
    """Draw the first masks over their frames; exit code as for `execute`."""
    (source,) = resolve(validated(fields)).sources
    results = results_folder(out, source, [Path(fields["root"]), Path(fields["masks"])])
    found = _found(source, source.objects)
    printed = Terminal()
    for line in (found, f"First masks: {write_mask_preview(source, results)}"):
        printed.print(line)
    return 0


def _found(source: SourceVideo, objects: tuple[int, ...]) -> str:
    height, width = source.frame(0).shape[:2]
    ids = ", ".join(str(label) for label in objects)
    return f"{source.name}: {source.frame_count} frames of {width}x{height}, objects {ids}."


def _warnings(source: SourceVideo, out: OutputFolder) -> list[str]:
    """Return warnings that the user should check, and the path of a picture that shows them."""
    remarks = source.remarks() if isinstance(source, RemarkedVideo) else []
    if not remarks:
        return []
    preview = write_mask_preview(source, out)
    lines = [f"Warning: {remark}" for remark in remarks]
    return [*lines, f"Check the masks before you rely on the result: {preview}"]


def _plan(run: ResolvedRun, source: SourceVideo) -> list[str]:
    """Return the working size and the parent, as the run will use them."""
    parameters = run.parameters
    height, width = source.frame(0).shape[:2]
    size = working_size((height, width), parameters.resolution)
    lines = ["It is segmented at its own size."]
    if size != (height, width):
        lines = [
            f"It is segmented at {size[1]}x{size[0]}, a short side of {min(size)} pixels (see "
            "--resolution)."
        ]
    if not run.training.sources:
        return lines
    found = stored_parents(run, ArtifactStore(parameters.store)).get(parameters.preset)
    if found is not None:
        return [*lines, f"Parent reused: {found}, of {parameters.preset} for generated videos."]
    return [
        *lines,
        f"There is no parent of {parameters.preset} for generated videos in {parameters.store} "
        "yet: it is trained now, and later commands reuse it; --parent names another one.",
    ]


def _name(video: Path) -> str:
    return video.name if video.is_dir() else video.stem
