"""Defines the parameters of a run: validated, frozen, and shown by Prefect as a form."""

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from flows.plan.default_store import default_store
from flows.plan.override_values import Overrides
from storage.runs.names import STAGE_KINDS, StageKind
from tasks.given import Correction
from tasks.inputs.configuration import preset_names
from tasks.inputs.default_preset import FIRST_FRAME_ALONE, with_preset
from tasks.inputs.flow_method import known_estimators
from tasks.inputs.sources import dataset_names

Stage = Literal["ingest", "flow", "train", "segment", "evaluate", "report"]
"""Last step of a run; the report follows all stages."""


SHORT_SIDE = 240
"""Short side at which a user's own videos are segmented; label maps keep the video's size."""


def _one_of(names: Callable[[], Iterable[str]]) -> Any:
    """Show the names as a list in the form; the reader reports a name that is not in it."""
    return lambda schema: schema.update(enum=list(names()))


def preset_field(default: str) -> Any:
    """Return the field of a preset; without it, what else is named chooses (`default_preset`)."""
    return Field(
        default=default,
        description="Named configuration of the method",
        json_schema_extra=_one_of(preset_names),
    )


class RunFields(BaseModel):
    """Parameters for where and how to run; they do not change the result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: str = Field(default_factory=default_store, description="Folder or URL of all artifacts")
    run_id: str | None = Field(
        default=None, description="Name of the run; none: derived from the parameters"
    )
    workers: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Worker processes; none: chosen by cores, memory and GPUs"
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
                "give an existing scheduler (dask-address) or a cluster to start (cluster), "
                "not both",
            )
        if self.cluster_options and self.cluster is None:
            raise PydanticCustomError(
                "options_of_no_cluster", "cluster-options need the class of a cluster (cluster)"
            )
        return self


class MachineFields(BaseModel):
    """Parameters for the checks of this machine."""

    force: bool = Field(default=False, description="Start even if disk or memory seems too small")


class OptionFields(BaseModel):
    """Parameters that override defaults of the method."""

    resolution: Annotated[int, Field(ge=32)] | None = Field(
        default=None, description="Short side of the frames, pixels; none keeps the source's"
    )
    overrides: Overrides = Field(
        default_factory=dict,
        description="Options by dotted name, such as finetune.iterations or synthetic.frames_val",
    )


class DataFields(OptionFields):
    """Parameters that choose the videos."""

    dataset: str = Field(
        default="synthetic", description="Data set", json_schema_extra=_one_of(dataset_names)
    )
    root: str | None = Field(
        default=None, description="Folder of a data set that is read from files"
    )
    masks: str | None = Field(
        default=None,
        description="File or folder with the masks of the user's video; root is then that video",
    )
    split: str = Field(default="val", description="Split to segment and evaluate")
    videos: tuple[str, ...] | None = Field(default=None, description="Only these videos")


class EstimatorFields(BaseModel):
    """Parameters that choose the optical flow."""

    flow: str = Field(
        default="dis",
        description="Optical flow estimator",
        json_schema_extra=_one_of(lambda: sorted(known_estimators())),
    )
    flow_weights: str | None = Field(
        default=None, description="File with weights of a flow network; none: searched for"
    )


class NetworkFields(BaseModel):
    """Parameters that choose the network and its parent."""

    preset: str = preset_field(FIRST_FRAME_ALONE)
    parent: str | None = Field(
        default=None,
        description="Parent to load instead of training one: a key or a .safetensors file",
    )
    train_videos: Annotated[int, Field(ge=1)] | tuple[str, ...] | None = Field(
        default=None,
        description="Part of the train split: a number of videos or their names; none: all",
    )
    initial_weights: str | None = Field(
        default=None,
        description="Start training from a VGG-16 file, imagenet or a parent; none: random weights",
    )

    @model_validator(mode="before")
    @classmethod
    def _chosen_by_what_is_named(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        asked, _ = with_preset({"until": getattr(cls, "last", None), **given})
        return {**given, "preset": asked["preset"]}


class FlowFields(DataFields, EstimatorFields):
    """Parameters for estimating optical flow."""


class TrainFields(FlowFields, NetworkFields):
    """Parameters for training a parent network."""


# A command makes it, so the form shows it as a plain object.
_Correction = Annotated[
    Correction | None, WithJsonSchema({"anyOf": [{"type": "object"}, {"type": "null"}]})
]


class SegmentFields(TrainFields):
    """Parameters for segmenting videos."""

    checkpoint_frames: Annotated[int, Field(ge=1)] = Field(
        default=50, description="Most frames of a segmentation that are lost if a worker is killed"
    )
    keep_weights: Literal["all", "main", "none"] = Field(
        default="all",
        description="Finetuned weights to keep when a video is complete; main: only of the preset",
    )
    correction: _Correction = Field(
        default=None, description="Masks that are added to a result; `maskrnn correct` makes it"
    )


class BenchmarkParameters(RunFields, MachineFields, SegmentFields):
    """Parameters of a benchmark."""

    compare: tuple[str, ...] = Field(
        default=("propagate", "first-frame"), description="More presets to run on the same videos"
    )
    ablation: bool = Field(
        default=False, description="Table 2 of the paper: the method without each of its parts"
    )
    until: Stage = Field(default="report", description="Last stage to run")

    @model_validator(mode="after")
    def _trains_for_the_ablation(self) -> Self:
        if self.ablation and self.parent is not None:
            raise PydanticCustomError(
                "ablation_parent",
                "an ablation trains a parent for each network; remove the option parent",
            )
        return self

    def reaches(self, stage: StageKind) -> bool:
        """Whether the run includes a stage."""
        return STAGE_KINDS.index(self.last_stage) >= STAGE_KINDS.index(stage)

    @property
    def last_stage(self) -> StageKind:
        """The last stage of the run; only the report may follow."""
        return "evaluate" if self.until == "report" else self.until

    @property
    def presets(self) -> tuple[str, ...]:
        """The preset, then those that it is compared with, without duplicates."""
        return tuple(dict.fromkeys((self.preset, *self.compare)))

    @property
    def run_name(self) -> str:
        """The run's id: the same parameters continue the same run."""
        if self.run_id is not None:
            return self.run_id
        fields = self.model_dump(mode="json", exclude=_UNNAMED)
        digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:8]
        study = "-ablation" if self.ablation else ""
        return f"{self.dataset}-{self.split}-{self.preset}{study}-{digest}"


_UNNAMED = {*RunFields.model_fields, "until", "checkpoint_frames", "keep_weights", "force"} | {
    "correction"
}
"""Fields that do not change the result, and therefore not the name of the run; a correction, which
does, comes with a name."""
