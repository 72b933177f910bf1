"""Defines the parameters of an archive run."""

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


class ArchiveParameters(RunFields, MachineFields, OptionFields, EstimatorFields, NetworkFields):
    """Parameters of an archive: the manifest, the method and how to run it."""

    manifest: str = Field(description="Path or address of a .csv or .parquet file")
    resolution: Annotated[int, Field(ge=32)] | None = Field(
        default=SHORT_SIDE, description="Short side of the frames, pixels; none keeps the source's"
    )
    soft_masks: bool = Field(
        default=False, description="Also keep every object's probability, 8 bits each"
    )
    leave_failed: bool = Field(
        default=False,
        description="Skip rows that failed before, unless their files have changed",
    )
    skip_bad: bool = Field(
        default=False, description="Skip rows that cannot be used and process the others"
    )
    batch_size: Annotated[int, Field(ge=1, le=500)] = Field(
        default=200, description="Rows per Prefect task run"
    )
    slice_rows: Annotated[int, Field(ge=1, le=500)] = Field(
        default=100,
        description="Most rows that a worker gets at once; it gets fewer if they are long",
    )
    fetch_gigabytes: Annotated[float, Field(gt=0)] = Field(
        default=20.0, description="Most gigabytes to download for one row"
    )
    fetch_seconds: Annotated[float, Field(gt=0)] = Field(
        default=3600.0, description="Most seconds to download one file"
    )
    trust_manifest: bool = Field(
        default=False,
        description="Let a downloaded manifest name local files and local-network hosts",
    )
    checkpoint_frames: Annotated[int, Field(ge=1)] = Field(
        default=50, description="Most frames of a segmentation that are lost if a worker is killed"
    )

    @property
    def is_distrusted(self) -> bool:
        """Whether the manifest was downloaded and therefore may name only public addresses."""
        return protocol_of(self.manifest) != LOCAL and not self.trust_manifest

    @field_serializer("manifest", when_used="json")
    def _shown_manifest(self, manifest: str) -> str:
        """Return the address without secrets, for records, the report and Prefect's database."""
        return shown_address(manifest)

    @property
    def run_name(self) -> str:
        """The run's id. A manifest that grows, with the same method, continues the same run."""
        if self.run_id is not None:
            return self.run_id
        fields = self.model_dump(mode="json", include=_NAMED) | {"manifest": self.manifest}
        digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:8]
        return f"archive-{PurePosixPath(shown_address(self.manifest)).stem}-{self.preset}-{digest}"

    def training(self) -> BenchmarkParameters:
        """The run within this one that obtains the preset's parent for the generated data set."""
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
"""Fields that determine the name of a run."""
