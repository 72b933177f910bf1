"""Defines the options that several commands share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter

from tasks.errors import ParameterError

_DATA = Group("Data")
_METHOD = Group("Method")
_RUN = Group("Run")

_PATHS = ("root", "flow_weights", "parent", "initial_weights")
"""Fields that may name a file or a folder."""

Debug = Annotated[bool, Parameter(group=_RUN, negative="")]


@Parameter(name="*", group=_RUN)
@dataclass(frozen=True)
class LogOptions:
    """Options for what a command tells while it works.

    Attributes:
        debug: Show tracebacks and Prefect's logs.
        quiet: Show no progress, only warnings, errors and the result.
        log_format: text, or json: one JSON object per line on standard error.
    """

    debug: Debug = False
    quiet: Debug = False
    log_format: Literal["text", "json"] = "text"


@Parameter(name="*", group=_RUN)
@dataclass(frozen=True)
class StoreOptions(LogOptions):
    """Options for the store.

    Attributes:
        store: Folder or URL for all artifacts and runs. Default: $MASKRNN_STORE, else
            ./maskrnn-store.
    """

    store: str | None = None


@Parameter(name="*", group=_DATA)
@dataclass(frozen=True)
class DataOptions:
    """Options that choose the videos.

    Attributes:
        dataset: Name of a data set, such as synthetic, davis2016 or folder; an unknown name lists
            all. Default: told by the layout of the folder ROOT; without ROOT, synthetic.
        root: Folder of a data set that is read from files.
        split: Split to process.
        videos: Only these videos, separated by commas.
        resolution: Short side of the frames in pixels; smaller videos keep their size. Default: as
            in the source; 240 for `segment VIDEO`.
    """

    dataset: str | None = None
    root: str | None = None
    split: str = "val"
    videos: str | None = None
    resolution: int | None = None


@Parameter(name="*", group=_METHOD)
@dataclass(frozen=True)
class MethodOptions:
    """Options that choose the method.

    Attributes:
        preset: Named configuration: small, accurate, oneshot, scratch, paper, osvos, osvos-s,
            masktrack, fusionseg, lucid, fast, propagate, first-frame. Default: lucid, which learns
            from the first masks alone; small for `train`, `ablation`, --parent and
            --initial-weights; oneshot for --initial-weights vgg16-hed.
        set: Options by dotted name, such as finetune.iterations=50; also compute.device,
            compute.precision, compute.threads and synthetic.*.
        flow: Optical flow estimator; `maskrnn doctor` lists them.
        flow_weights: File with the weights of a flow network. Default: where `maskrnn doctor`
            tells.
        parent: Parent to load in place of training: a key of the store or a .safetensors file.
        train_videos: Part of the train split: how many videos, or names separated by commas.
        initial_weights: To start training from: vgg16 or vgg16-hed (`maskrnn weights get`), a file
            with VGG-16's state_dict, imagenet, or a parent of the same network (a key of the store
            or a .safetensors file).
    """

    preset: str | None = None
    set: Annotated[list[str], Parameter(consume_multiple=True, negative="")] = field(
        default_factory=list
    )
    flow: str = "dis"
    flow_weights: str | None = None
    parent: str | None = None
    train_videos: str | None = None
    initial_weights: str | None = None


@Parameter(name="*", group=_RUN)
@dataclass(frozen=True)
class WorkOptions:
    """Options for how and where to run.

    Attributes:
        run_id: Name of the run. Default: derived from the parameters, so the same command
            continues the same run.
        workers: Worker processes. Default: chosen by cores, memory and GPUs.
        dask_address: An existing Dask scheduler, for example tcp://127.0.0.1:8786.
        cluster: Class of a Dask cluster to start, for example dask_cuda.LocalCUDACluster.
        cluster_options: Options of the cluster: key=value, or a YAML file.
        worker_wait: Seconds to wait for workers that offer what a unit needs.
        timeout: Seconds after which a unit is stopped, for example finetune=3600 segment=900.
        checkpoint_frames: Most frames of a segmentation that are lost if a worker is killed.
        force: Start even if disk space or memory seems too small.
        dry_run: Only show what would be reused and computed, with an estimate of time, memory and
            disk.
    """

    run_id: str | None = None
    workers: int | None = None
    dask_address: str | None = None
    cluster: str | None = None
    cluster_options: Annotated[list[str], Parameter(consume_multiple=True, negative="")] = field(
        default_factory=list
    )
    worker_wait: float = 120.0
    timeout: Annotated[list[str], Parameter(consume_multiple=True, negative="")] = field(
        default_factory=list
    )
    checkpoint_frames: int = 50
    force: Annotated[bool, Parameter(negative="")] = False
    dry_run: Annotated[bool, Parameter(negative="")] = False


@Parameter(name="*", group=_RUN)
@dataclass(frozen=True)
class RunOptions(WorkOptions):
    """Options for how and where to run, and which results to keep.

    Attributes:
        keep_weights: Finetuned weights to keep when a video is complete: all, main (only those of
            the preset, not of the presets in --compare), or none.
    """

    keep_weights: str = "all"


def as_fields(*groups: object) -> dict[str, Any]:
    """Return fields of `BenchmarkParameters` from groups of options.

    Paths of existing files and folders become absolute: the run's name is made from them, and a
    rerun or a remote worker may have another working folder.

    Raises:
        ParameterError: an override, a time limit or an option is not key=value.
    """
    fields: dict[str, Any] = {}
    for group in groups:
        fields |= vars(group)
    for name in (*vars(LogOptions()), "dry_run"):  # they are no parameters of a run
        fields.pop(name, None)
    for name in ("store", "resolution", "dataset", "preset"):  # the parameters have their defaults
        if fields.get(name) is None:
            fields.pop(name, None)
    if "set" in fields:
        fields["overrides"] = overrides(fields.pop("set"))
    if "timeout" in fields:
        fields["timeouts"] = _pairs(fields.pop("timeout"), "--timeout", "finetune=3600")
    if "cluster_options" in fields:
        fields["cluster_options"] = _cluster_options(fields["cluster_options"])
    for name in ("videos", "compare"):
        if isinstance(fields.get(name), str):
            fields[name] = names(fields[name])
    if isinstance(wanted := fields.get("train_videos"), str):
        fields["train_videos"] = int(wanted) if wanted.isdigit() else names(wanted)
    return {**fields, **_absolute_paths(fields)}


def absolute_path(text: str) -> str:
    """Return the absolute path of an existing file or folder; keys and addresses as they are."""
    path = Path(text).expanduser()
    return str(path.absolute()) if path.exists() else text


def _absolute_paths(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields that name an existing file or folder, with its absolute path."""
    given = {name: fields[name] for name in _PATHS if isinstance(fields.get(name), str)}
    if "initial_weights" in given:
        from tasks.inputs.starting_weights import is_name

        if is_name(given["initial_weights"]):
            del given["initial_weights"]
    return {name: absolute_path(text) for name, text in given.items()}


def names(text: str) -> tuple[str, ...]:
    """Split a text at commas into names."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def overrides(pairs: list[str]) -> dict[str, str]:
    """Parse options given as key=value with dotted names.

    Raises:
        ParameterError: an item is not key=value.
    """
    return _pairs(pairs, "--set", "finetune.iterations=50")


def _pairs(pairs: list[str], option: str, example: str) -> dict[str, str]:
    found = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or not key or not value:
            raise ParameterError(f"{option} takes key=value, such as {example}: {pair!r}")
        found[key.strip()] = value.strip()
    return found


def _cluster_options(given: list[str]) -> dict[str, Any]:
    """Parse options of a cluster; a later item replaces the same option of an earlier file."""
    import yaml

    options: dict[str, Any] = {}
    for item in given:
        try:
            if item.endswith((".yaml", ".yml")) and "=" not in item:
                found = yaml.safe_load(Path(item).read_text())
            else:
                pairs = _pairs([item], "--cluster-options", "queue=gpu")
                found = {key: yaml.safe_load(value) for key, value in pairs.items()}
        except (OSError, yaml.YAMLError) as error:
            raise ParameterError(f"--cluster-options {item}: {error}") from None
        if not isinstance(found, dict):
            raise ParameterError(f"--cluster-options {item}: the file must hold key: value lines")
        options |= found
    return options
