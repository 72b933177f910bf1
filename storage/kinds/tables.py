"""Tables: pandas data frames as Parquet, several to an artifact."""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from storage.parquet import read_parquet
from storage.store.artifact_content import ArtifactReader
from storage.store.artifacts import ArtifactStore

if TYPE_CHECKING:
    import pandas as pd


def write_table(
    store: ArtifactStore,
    kind: str,
    key: str,
    tables: "Mapping[str, pd.DataFrame]",
    metadata: Mapping[str, object] | None = None,
) -> None:
    """Store tables; does nothing if the artifact exists already.

    Args:
        store: the store to write to.
        kind: kind of the artifact, such as "evaluations".
        key: digest of everything that determined the tables.
        tables: data frames by name; a default index is not kept.
        metadata: small JSON object for the completion marker.

    Raises:
        StoreFullError: no space is left.
    """
    if store.exists(kind, key):
        return
    with store.create(kind, key) as writer:
        writer.metadata = dict(metadata or {})
        for name, table in tables.items():
            buffer = io.BytesIO()
            table.to_parquet(buffer, engine="pyarrow", compression="zstd")
            writer.put(f"{name}.parquet", buffer.getvalue())


def read_table(store: ArtifactStore, kind: str, key: str, name: str) -> "pd.DataFrame":
    """Read one table of an artifact; errors as for `read_tables`."""
    return read_tables(store, kind, key, (name,))[name]


def read_tables(
    store: ArtifactStore, kind: str, key: str, names: Sequence[str]
) -> "dict[str, pd.DataFrame]":
    """Read tables of an artifact, by name; its completion marker is read once.

    Raises:
        MissingArtifactError: no such artifact, or no such table in it.
        CorruptArtifactError: the file is missing or has changed.
        NewerSchemaError: a newer version wrote it.
    """
    artifact = store.open(kind, key)
    return {name: _read(artifact, f"{name}.parquet") for name in names}


def _read(artifact: ArtifactReader, file: str) -> "pd.DataFrame":
    data = artifact.get(file)
    try:
        return read_parquet(data)
    except (ValueError, OSError) as error:  # pyarrow's errors are one of these
        raise artifact.corrupt(f"{file} is not a table ({error})") from error
