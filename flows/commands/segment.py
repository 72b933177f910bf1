"""Carries out `maskrnn segment VIDEO`: your own video, from its file to its label maps."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from flows.commands.execution import execute_run, validated
from flows.commands.first_masks import FirstMasks
from flows.commands.placed_masks import PlacedMasks, placed_masks
from flows.console.options import DataOptions
from flows.plan.parameters import SHORT_SIDE, BenchmarkParameters
from flows.plan.resolved_run import ResolvedRun, resolve
from flows.plan.run_plan import stored_parents
from flows.terminal import Terminal
from storage.datasets.source import RemarkedVideo, SourceVideo
from storage.files.output_folder import OutputFolder
from storage.kinds.videos import working_size
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.export.mask_preview import write_mask_preview
from tasks.export.own_results import results_folder, write_results
from tasks.inputs.default_preset import with_preset


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
        dry_run: print what would be computed, write nothing, and stop.

    Raises:
        ParameterError: no video or no mask was given, or options of a data set or an address were.
        DatasetError: the video or the masks cannot be used.
        OccupiedOutputError: the results would replace the video, its masks or other files.
    """
    if video is None:
        raise _no_video(data)
    for path in (video, *([] if first.place is None else [first.place])):
        _refuse_address(path)
    video = _absolute(video.expanduser())
    first.check()
    _check_data(video, data)
    out = video.with_name(f"{_name(video)}-masks") if out is None else out
    fields, choice = with_preset(fields)
    with placed_masks(video, _name(video), first, out) as masks:
        fields = {**fields, **_data_fields(video, masks.place, data)}
        if only_preview:
            return _preview(fields, masks, out, dry_run=dry_run)
        return _segment(fields, masks, out, choice, dry_run=dry_run)


def _segment(
    fields: dict[str, Any], masks: PlacedMasks, out: Path, choice: str, *, dry_run: bool
) -> int:
    """Segment the video of `fields`, which has these masks; otherwise as above."""
    parameters = validated(fields)
    run = _resolved(parameters, masks)
    (source,) = run.sources
    results = results_folder(out, source, [Path(fields["root"]), masks.place])
    objects = source.objects  # reads video and masks, so that faults show before the start
    if masks.is_made and not dry_run:
        masks.write()
        run = resolve(parameters)
        (source,) = run.sources
    console = Terminal(stderr=True)
    warnings = _warnings(source, masks, None if dry_run else results)
    for line in [_found(source, objects), *warnings, choice, *_plan(run, source)]:
        if line:
            console.print(line)
    code = execute_run(run, dry_run=dry_run)
    if code == 0 and not dry_run:
        label_maps, overlay = write_results(
            parameters.store, parameters.run_name, parameters.preset, results
        )
        printed = Terminal()
        printed.print(f"Label maps: {label_maps}")
        printed.print(f"To look at: {overlay}")
    return code


def _no_video(data: DataOptions) -> ParameterError:
    if data.dataset or data.root:
        return ParameterError(
            "--mask, --box, --points, --preview and --out need a video: maskrnn segment VIDEO "
            "--mask FILE"
        )
    return ParameterError("give VIDEO with --mask, --box or --points, or --dataset NAME")


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


def _resolved(parameters: BenchmarkParameters, masks: PlacedMasks) -> ResolvedRun:
    """Resolve a run whose masks may not be in their place yet."""
    run = resolve(parameters.model_copy(update={"masks": str(masks.readable)}))
    return replace(run, parameters=parameters)


def _data_fields(video: Path, masks: Path, data: DataOptions) -> dict[str, Any]:
    return {
        "dataset": "video",
        "root": str(video),
        "masks": str(masks),
        "resolution": SHORT_SIDE if data.resolution is None else data.resolution,
    }


def _preview(fields: dict[str, Any], masks: PlacedMasks, out: Path, *, dry_run: bool) -> int:
    """Draw the first masks over their frames, unless `dry_run`; exit code as for `execute`."""
    (source,) = _resolved(validated(fields), masks).sources
    results = results_folder(out, source, [Path(fields["root"]), masks.place])
    found = _found(source, source.objects)
    drawn = "would be drawn" if dry_run else write_mask_preview(source, results)
    printed = Terminal()
    for line in (found, f"First masks: {drawn}"):
        printed.print(line)
    return 0


def _found(source: SourceVideo, objects: tuple[int, ...]) -> str:
    height, width = source.frame(0).shape[:2]
    ids = ", ".join(str(label) for label in objects)
    return f"{source.name}: {source.frame_count} frames of {width}x{height}, objects {ids}."


def _warnings(source: SourceVideo, masks: PlacedMasks, out: OutputFolder | None) -> list[str]:
    """Return what the user should check, and the path of a picture that shows it.

    Without a folder, no picture is drawn, and the warnings are included. With one, a run follows,
    which logs them when it copies the video.
    """
    remarks = source.remarks() if isinstance(source, RemarkedVideo) else []
    if not remarks:
        return []
    advice = "Check the masks before you rely on the result"
    if out is not None:
        return [f"{advice}: {write_mask_preview(source, out)}"]
    lines = [f"Warning: {remark}" for remark in remarks]
    shown = [line.replace(str(masks.readable), str(masks.place)) for line in lines]
    return [*shown, f"{advice}: --preview draws them"]


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


def _absolute(video: Path) -> Path:
    """The path from the root. A link keeps its own name, after which the results are named."""
    if video.name in {"", ".."}:
        return video.resolve()
    return video.parent.resolve() / video.name


def _name(video: Path) -> str:
    return video.name if video.is_dir() else video.stem
