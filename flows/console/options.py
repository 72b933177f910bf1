"""Options that several commands share."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Group, Parameter

from tasks.errors import ParameterError

_DATA = Group("Data")
_METHOD = Group("Method")
_RUN = Group("Run")

Debug = Annotated[bool, Parameter(group=_RUN, negative="")]


@Parameter(name="*", group=_RUN)
@dataclass(frozen=True)
class StoreOptions:
    """Where everything is kept.

    Attributes:
        store: Folder or URL of all artifacts and runs. Default: $MASKRNN_STORE, else
            ./maskrnn-store.
        debug: Show tracebacks and the logs of Prefect.
    """

    store: str | None = None
    debug: Debug = False


@Parameter(name="*", group=_DATA)
@dataclass(frozen=True)
class DataOptions:
    """Which videos.

    Attributes:
        dataset: synthetic, davis2016, davis2017, segtrack2, youtube-vos, folder or video.
        root: Folder of a data set that is read from files.
        split: Split to work on.
        videos: Only these videos, separated by commas.
        resolution: Short side of the frames in pixels. Default: the source's.
    """

    dataset: str = "synthetic"
    root: str | None = None
    split: str = "val"
    videos: str | None = None
    resolution: int | None = None


@Parameter(name="*", group=_METHOD)
@dataclass(frozen=True)
class MethodOptions:
    """By which method.

    Attributes:
        preset: Named configuration: small, accurate, scratch, paper, osvos, masktrack, propagate,
            first-frame.
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

    preset: str = "small"
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
    """How and where it runs.

    Attributes:
        run_id: Name of the run. Default: made of the parameters, so that the same command
            continues the same run.
        workers: Worker processes. Default: by cores, memory and GPUs.
        dask_address: An existing Dask scheduler, such as tcp://127.0.0.1:8786.
        cluster: Class of a Dask cluster to start, such as dask_cuda.LocalCUDACluster.
        cluster_options: Its options: key=value, or a YAML file of them.
        worker_wait: Seconds to wait for workers that offer what a unit needs.
        timeout: Seconds after which a unit is stopped, such as finetune=3600 segment=900.
        checkpoint_frames: Frames that a killed worker costs at most in segmentation.
        force: Start even where disk or memory seem too small.
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


@Parameter(name="*", group=_RUN)
@dataclass(frozen=True)
class RunOptions(WorkOptions):
    """How and where it runs, and what stays of it.

    Attributes:
        keep_weights: Finetuned weights to keep when a video is complete: all, main (of the preset,
            not of those it is compared with), or none.
    """

    keep_weights: str = "all"


def as_fields(*groups: object) -> dict[str, Any]:
    """Fields of `BenchmarkParameters` from groups of options.

    Raises:
        ParameterError: an override, a time limit or an option that is not key=value.
    """
    fields: dict[str, Any] = {}
    for group in groups:
        fields |= vars(group)
    fields.pop("debug", None)
    for name in ("store", "resolution"):  # their defaults are those of the parameters
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
    return fields


def names(text: str) -> tuple[str, ...]:
    """Names separated by commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def overrides(pairs: list[str]) -> dict[str, str]:
    """Options by dotted name from key=value.

    Raises:
        ParameterError: something else.
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
    """Options of a cluster; later ones replace those of a file that comes before them."""
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
