"""The completion marker of an artifact. It is written last; the artifact exists from then on."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from storage.errors import CorruptArtifactError, NewerSchemaError

SCHEMA = 1
"""Version of the layout of artifacts and ledger records; raised when old code could misread it."""

MARKER = "complete.json"

_DIGEST = "sha256"


@dataclass(frozen=True)
class Marker:
    """The content of a completion marker.

    Args:
        kind: kind of the artifact, such as "videos".
        key: its key.
        data: folder of its content, relative to the marker; empty if the content is beside it.
        digests: sha256 of every file and of every Zarr metadata document.
        metadata: small JSON object from the writer.
        created: UTC time, ISO 8601.
    """

    kind: str
    key: str
    data: str
    digests: Mapping[str, str]
    metadata: Mapping[str, Any]
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def to_bytes(self) -> bytes:
        return record_bytes(asdict(self))

    @classmethod
    def from_bytes(cls, data: bytes, location: str) -> "Marker":
        """Read a marker.

        Raises:
            NewerSchemaError: a newer version wrote it.
            CorruptArtifactError: the bytes are not a marker.
        """
        fields = read_record(data, location)
        try:
            return cls(
                kind=fields["kind"],
                key=fields["key"],
                data=fields["data"],
                digests=dict(fields["digests"]),
                metadata=dict(fields["metadata"]),
                created=fields["created"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise _unreadable(location, f"field {error}") from error


def to_json(value: object) -> bytes:
    """Strict JSON (no NaN), readable, UTF-8."""
    return json.dumps(value, indent=1, allow_nan=False).encode()


def record_bytes(fields: Mapping[str, Any]) -> bytes:
    """A JSON object with its schema and a sha256 of both, for `read_record`."""
    record = {"schema": SCHEMA, **fields}
    return to_json({**record, _DIGEST: sha256(to_json(record)).hexdigest()})


def read_record(data: bytes, location: str) -> dict[str, Any]:
    """Read a JSON object with a "schema" field; a newer schema is refused.

    Records of earlier versions have no sha256 and are not compared.

    Raises:
        NewerSchemaError: schema above `SCHEMA`.
        CorruptArtifactError: the record is not JSON, not an object, has no schema, or has changed.
    """
    try:
        fields = json.loads(data)
        schema = int(fields["schema"])
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(location, str(error)) from error
    if schema > SCHEMA:
        raise NewerSchemaError(
            f"{location} has schema {schema}, this version of maskrnn reads up to {SCHEMA}. "
            "Upgrade maskrnn, or name another store."
        )
    found = fields.pop(_DIGEST, None)
    if found is not None and found != sha256(to_json(fields)).hexdigest():
        raise _unreadable(location, "it differs from what was written")
    return dict(fields)


def _unreadable(location: str, why: str) -> CorruptArtifactError:
    return CorruptArtifactError(
        f"{location} cannot be read ({why}). Delete it and run again: it will be written anew."
    )
