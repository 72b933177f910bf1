"""Named arrays as a safetensors file inside an artifact."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from storage.store.artifact_content import ArtifactReader, ArtifactWriter


def put_tensors(
    writer: ArtifactWriter,
    name: str,
    arrays: Mapping[str, NDArray[Any]],
    header: Mapping[str, str] | None = None,
) -> None:
    """Store arrays of any shape and dtype that safetensors knows, with strings in the header.

    Raises:
        StoreFullError: no space is left.
    """
    # Not ascontiguousarray, which adds an axis to scalars.
    contiguous = {key: np.asarray(array, order="C") for key, array in arrays.items()}
    writer.put(name, save(contiguous, metadata=None if header is None else dict(header)))


def get_tensors(artifact: ArtifactReader, name: str) -> dict[str, NDArray[Any]]:
    """Arrays by name, writable.

    Raises:
        CorruptArtifactError: the file is missing, truncated or has changed.
    """
    data = artifact.get(name)
    try:
        return dict(load(data))
    except (SafetensorError, ValueError) as error:
        raise artifact.corrupt(f"{name} is not a safetensors file ({error})") from error
