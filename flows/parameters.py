"""Parameters of a run: validated, frozen, and what Prefect shows as a form."""

import hashlib
import os
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

Stage = Literal["ingest", "flow", "train", "segment", "evaluate", "report"]

STAGES: tuple[Stage, ...] = ("ingest", "flow", "train", "segment", "evaluate", "report")

DEFAULT_STORE = "maskrnn-store"

_UNNAMED = {
    "store",
    "dask_address",
    "workers",
    "run_id",
    "until",
    "checkpoint_frames",
    "keep_weights",
    "force",
}
"""Fields that change nothing in the result, and so not the name of the run."""


def default_store() -> str:
    """$MASKRNN_STORE, or ./maskrnn-store."""
    return os.environ.get("MASKRNN_STORE") or DEFAULT_STORE


class BenchmarkParameters(BaseModel):
    """A benchmark: which videos, which method, where to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str = Field(
        default="synthetic", description="synthetic, davis2016, davis2017 or segtrack2"
    )
    root: str | None = Field(
        default=None, description="Folder of a data set that is read from files"
    )
    split: str = Field(default="val", description="Split to segment and evaluate")
    videos: tuple[str, ...] | None = Field(default=None, description="Only these videos")
    resolution: Annotated[int, Field(ge=32)] | None = Field(
        default=None, description="Short side of the frames, pixels; none keeps the source's"
    )
    preset: str = Field(default="small", description="Named configuration of the method")
    overrides: dict[str, str] = Field(
        default_factory=dict, description="Options by dotted name, such as finetune.iterations: 50"
    )
    compare: tuple[str, ...] = Field(
        default=("propagate", "first-frame"), description="Further presets, run on the same videos"
    )
    ablation: bool = Field(
        default=False, description="Table 2 of the paper: the preset part by part"
    )
    flow: str = Field(default="dis", description="Optical flow estimator")
    flow_weights: str | None = Field(
        default=None, description="File with the weights of a flow network; none: looked for"
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
        default=None, description="VGG-16 to start training from: a file, or imagenet; none: random"
    )
    store: str = Field(default_factory=default_store, description="Folder or URL of all artifacts")
    until: Stage = Field(default="report", description="Last stage to run")
    dask_address: str | None = Field(default=None, description="Existing Dask scheduler")
    workers: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Local worker processes; none: by cores, memory and GPUs"
    )
    checkpoint_frames: Annotated[int, Field(ge=1)] = Field(
        default=50, description="Frames that a killed worker costs at most in segmentation"
    )
    keep_weights: Literal["all", "main", "none"] = Field(
        default="all",
        description="Finetuned weights to keep when a video is complete: main, of the preset alone",
    )
    force: bool = Field(default=False, description="Start even where the disk seems too small")
    run_id: str | None = Field(
        default=None, description="Name of the run; none: made of the parameters"
    )

    @model_validator(mode="after")
    def _trains_for_the_ablation(self) -> Self:
        if self.ablation and self.parent is not None:
            raise PydanticCustomError(
                "ablation_parent",
                "an ablation trains a parent for each network; leave the parent out",
            )
        return self

    @property
    def presets(self) -> tuple[str, ...]:
        """The preset, then those it is compared with, each once."""
        return tuple(dict.fromkeys((self.preset, *self.compare)))

    @property
    def run_name(self) -> str:
        """The run's id: the same parameters give the same run, continued where it stopped."""
        if self.run_id is not None:
            return self.run_id
        text = self.model_dump_json(exclude=_UNNAMED)
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        study = "-ablation" if self.ablation else ""
        return f"{self.dataset}-{self.split}-{self.preset}{study}-{digest}"
