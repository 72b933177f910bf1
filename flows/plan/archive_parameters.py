"""Parameters of a run of an archive."""

import hashlib
import json
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import Field, field_serializer

from flows.plan.parameters import (
    SHORT_SIDE,
    BenchmarkParameters,
    EstimatorFields,
    MachineFields,
    NetworkFields,
    OptionFields,
    RunFields,
)
from storage.archive.shown_address import shown_address
from storage.archive.uris import LOCAL, protocol_of
from storage.runs.ledger import RunInfo


class ArchiveParameters(RunFields, MachineFields, OptionFields, EstimatorFields, NetworkFields):
    """An archive: which manifest, which method, how it goes about it."""

    manifest: str = Field(description="Path or address of a .csv or .parquet file")
    resolution: Annotated[int, Field(ge=32)] | None = Field(
        default=SHORT_SIDE, description="Short side of the frames, pixels; none keeps the source's"
    )
    soft_masks: bool = Field(
        default=False, description="Keep the probability of every object, at 8 bits"
    )
    leave_failed: bool = Field(
        default=False,
        description="Leave rows alone that failed before, unless their files have changed",
    )
    skip_bad: bool = Field(
        default=False, description="Leave out rows that cannot be used, and do the others"
    )
    batch_size: Annotated[int, Field(ge=1, le=500)] = Field(
        default=200, description="Rows that one Prefect task run stands for"
    )
    slice_rows: Annotated[int, Field(ge=1, le=500)] = Field(
        default=100,
        description="Rows that a worker gets at once, at most; fewer when they are long",
    )
    fetch_gigabytes: Annotated[float, Field(gt=0)] = Field(
        default=20.0, description="Of the files of a row that are fetched, at most"
    )
    fetch_seconds: Annotated[float, Field(gt=0)] = Field(
        default=3600.0, description="Seconds that fetching a file may take"
    )
    trust_manifest: bool = Field(
        default=False,
        description="Let a manifest that was fetched name files and hosts of one's own network",
    )
    checkpoint_frames: Annotated[int, Field(ge=1)] = Field(
        default=50, description="Frames that a killed worker costs at most in segmentation"
    )

    @property
    def is_distrusted(self) -> bool:
        """Whether the manifest comes from elsewhere and may name public addresses alone."""
        return protocol_of(self.manifest) != LOCAL and not self.trust_manifest

    @field_serializer("manifest", when_used="json")
    def _shown_manifest(self, manifest: str) -> str:
        """Records, the report and Prefect's database get the address without its secrets."""
        return shown_address(manifest)

    @property
    def run_name(self) -> str:
        """The run's id: a manifest that grows, by the same method, continues the same run."""
        if self.run_id is not None:
            return self.run_id
        fields = self.model_dump(mode="json", include=_NAMED) | {"manifest": self.manifest}
        digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:8]
        return f"archive-{PurePosixPath(shown_address(self.manifest)).stem}-{self.preset}-{digest}"

    def training(self) -> BenchmarkParameters:
        """The run, part of this one, that obtains the preset's parent on the generated data set."""
        shared = {*RunFields.model_fields, *MachineFields.model_fields, *_METHOD}
        fields: dict[str, Any] = self.model_dump(include=shared)
        fields |= {"run_id": self.run_name, "dataset": "synthetic", "compare": (), "until": "train"}
        return BenchmarkParameters(**fields)


_METHOD = {
    *OptionFields.model_fields,
    *EstimatorFields.model_fields,
    *NetworkFields.model_fields,
}
_NAMED = {"manifest", "soft_masks", *_METHOD}
"""Fields that the name of a run is made of."""


def is_archive(info: RunInfo) -> bool:
    """Whether a run is that of an archive."""
    return "manifest" in info.parameters
