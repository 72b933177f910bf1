"""Parameters of a run: validated, frozen, and what Prefect shows as a form."""

import hashlib
import json
import os
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from flows.plan.override_values import Overrides
from storage.runs.names import STAGE_KINDS, StageKind
from tasks.inputs.configuration import preset_names
from tasks.inputs.flow_method import known_estimators
from tasks.inputs.sources import dataset_names

Stage = Literal["ingest", "flow", "train", "segment", "evaluate", "report"]
"""What a run may end with; the report comes after all stages."""

DEFAULT_STORE = "maskrnn-store"

SHORT_SIDE = 240
"""Of the frames on which one's own videos are segmented; label maps have their own size."""


def default_store() -> str:
    """$MASKRNN_STORE, or ./maskrnn-store."""
    return os.environ.get("MASKRNN_STORE") or DEFAULT_STORE


def _one_of(names: list[str]) -> Any:
    """Shown as a list in the form; a name that is not in it gets the message of its own reader."""
    return {"enum": names}


class RunFields(BaseModel):
    """Where and how it runs; changes nothing in the result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: str = Field(default_factory=default_store, description="Folder or URL of all artifacts")
    run_id: str | None = Field(
        default=None, description="Name of the run; none: made of the parameters"
    )
    workers: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Worker processes; none: by cores, memory and GPUs"
    )
    dask_address: str | None = Field(default=None, description="Existing Dask scheduler")
    cluster: str | None = Field(
        default=None,
        description="Class of the Dask cluster to start, such as dask_jobqueue.SLURMCluster",
    )
    cluster_options: dict[str, Any] = Field(
        default_factory=dict, description="Keyword arguments of that class"
    )
    worker_wait: Annotated[float, Field(gt=0)] = Field(
        default=120.0, description="Seconds to wait for workers that offer what a unit needs"
    )
    timeouts: dict[StageKind, Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict, description="Seconds per kind of unit after which one is stopped"
    )

    @model_validator(mode="after")
    def _one_cluster(self) -> Self:
        if self.dask_address is not None and self.cluster is not None:
            raise PydanticCustomError(
                "two_clusters",
                "an existing scheduler (dask-address) and a cluster to start contradict each "
                "other; give one of them",
            )
        if self.cluster_options and self.cluster is None:
            raise PydanticCustomError(
                "options_of_no_cluster", "cluster-options go with the class of a cluster"
            )
        return self


class MachineFields(BaseModel):
    """What is asked of this machine."""

    force: bool = Field(default=False, description="Start even where disk or memory seem too small")


class OptionFields(BaseModel):
    """What differs from the defaults."""

    resolution: Annotated[int, Field(ge=32)] | None = Field(
        default=None, description="Short side of the frames, pixels; none keeps the source's"
    )
    overrides: Overrides = Field(
        default_factory=dict,
        description="Options by dotted name, such as finetune.iterations or synthetic.frames_val",
    )


class DataFields(OptionFields):
    """Which videos."""

    dataset: str = Field(
        default="synthetic", description="Data set", json_schema_extra=_one_of(dataset_names())
    )
    root: str | None = Field(
        default=None, description="Folder of a data set that is read from files"
    )
    masks: str | None = Field(
        default=None,
        description="File or folder with the masks of one video of one's own, which root is then",
    )
    split: str = Field(default="val", description="Split to segment and evaluate")
    videos: tuple[str, ...] | None = Field(default=None, description="Only these videos")


class EstimatorFields(BaseModel):
    """Which optical flow."""

    flow: str = Field(
        default="dis",
        description="Optical flow estimator",
        json_schema_extra=_one_of(sorted(known_estimators())),
    )
    flow_weights: str | None = Field(
        default=None, description="File with the weights of a flow network; none: looked for"
    )


class NetworkFields(BaseModel):
    """Which network, and its parent."""

    preset: str = Field(
        default="small",
        description="Named configuration of the method",
        json_schema_extra=_one_of(preset_names()),
    )
    parent: str | None = Field(
        default=None,
        description="Parent to load in place of training: a key or a .safetensors file",
    )
    train_videos: Annotated[int, Field(ge=1)] | tuple[str, ...] | None = Field(
        default=None,
        description="Part of the train split: how many videos, or which; none takes all",
    )
    initial_weights: str | None = Field(
        default=None,
        description="To start training from: VGG-16 as a file, imagenet, or a parent; none: random",
    )


class FlowFields(DataFields, EstimatorFields):
    """Which optical flow of which videos."""


class TrainFields(FlowFields, NetworkFields):
    """Which parent network, trained on which videos."""


class SegmentFields(TrainFields):
    """How videos are segmented by it."""

    checkpoint_frames: Annotated[int, Field(ge=1)] = Field(
        default=50, description="Frames that a killed worker costs at most in segmentation"
    )
    keep_weights: Literal["all", "main", "none"] = Field(
        default="all",
        description="Finetuned weights to keep when a video is complete: main, of the preset alone",
    )


class BenchmarkParameters(RunFields, MachineFields, SegmentFields):
    """A benchmark: which videos, which method, where to."""

    compare: tuple[str, ...] = Field(
        default=("propagate", "first-frame"), description="Further presets, run on the same videos"
    )
    ablation: bool = Field(
        default=False, description="Table 2 of the paper: the preset part by part"
    )
    until: Stage = Field(default="report", description="Last stage to run")

    @model_validator(mode="after")
    def _trains_for_the_ablation(self) -> Self:
        if self.ablation and self.parent is not None:
            raise PydanticCustomError(
                "ablation_parent",
                "an ablation trains a parent for each network; leave the parent out",
            )
        return self

    def reaches(self, stage: StageKind) -> bool:
        """Whether the run goes as far as a stage."""
        return STAGE_KINDS.index(self.last_stage) >= STAGE_KINDS.index(stage)

    @property
    def last_stage(self) -> StageKind:
        """The stage with which the run ends; only the report may follow."""
        return "evaluate" if self.until == "report" else self.until

    @property
    def presets(self) -> tuple[str, ...]:
        """The preset, then those it is compared with, each once."""
        return tuple(dict.fromkeys((self.preset, *self.compare)))

    @property
    def run_name(self) -> str:
        """The run's id: the same parameters give the same run, continued where it stopped."""
        if self.run_id is not None:
            return self.run_id
        fields = self.model_dump(mode="json", exclude=_UNNAMED)
        digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:8]
        study = "-ablation" if self.ablation else ""
        return f"{self.dataset}-{self.split}-{self.preset}{study}-{digest}"


_UNNAMED = {*RunFields.model_fields, "until", "checkpoint_frames", "keep_weights", "force"}
"""Fields that change nothing in the result, and so not the name of the run."""
