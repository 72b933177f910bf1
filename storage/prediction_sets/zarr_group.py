"""Predictions as a Zarr group; each video is an array (T, H, W), or a group that contains one."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from storage.datasets.source import UInt8Array
from storage.errors import DatasetError
from storage.prediction_sets.source import ReadOptions

_ARRAYS = ("label_maps", "labels", "masks")
_NAMES = "frame_names"


class ZarrGroup:
    """A `PredictionSet` of Zarr arrays, uint8 or bool (T, H, W).

    The attribute `frame_names` of the array, or of its group, names the frames. Without it they
    are the annotated frames in order.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._arrays: dict[str, tuple[Any, dict[str, int]]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {"_path": self._path, "_arrays": {}}

    @property
    def name(self) -> str:
        return self._path.resolve().stem

    @property
    def place(self) -> str:
        return str(self._path)

    def frames(self, video: str, annotated: Sequence[str]) -> list[str] | None:
        if video not in self._group:
            return None
        array, attributes = self._array_of(video)
        names = attributes.get(_NAMES)
        if names is None and array.shape[0] != len(annotated):
            raise DatasetError(
                f"{self._path}/{video} has {array.shape[0]} frames, but {len(annotated)} are "
                f"annotated. Name its frames in the attribute {_NAMES}."
            )
        names = list(annotated) if names is None else [str(name) for name in names]
        if len(names) != array.shape[0] or len(set(names)) != len(names):
            raise DatasetError(
                f"{self._path}/{video} has {array.shape[0]} frames, but its attribute {_NAMES} has "
                f"{len(names)} names, {len(set(names))} of them different. Correct the attribute."
            )
        self._arrays[video] = array, {name: index for index, name in enumerate(names)}
        return names

    def label_map(self, video: str, frame: str, options: ReadOptions) -> UInt8Array:
        array, positions = self._arrays[video]
        try:
            values = np.asarray(array[positions[frame]])
        except (ValueError, RuntimeError, OSError, TypeError) as error:
            raise DatasetError(
                f"{self._path}/{video}, frame {frame} cannot be read ({error}). Write it again."
            ) from error
        return np.asarray(values != 0 if options.binary else values, dtype=np.uint8)

    @cached_property
    def _group(self) -> Any:
        import zarr

        try:
            return zarr.open_group(self._path, mode="r", use_consolidated=False)
        except (ValueError, KeyError, OSError) as error:
            raise DatasetError(
                f"{self._path} is not a readable Zarr group ({error}). Write it again."
            ) from error

    def _array_of(self, video: str) -> tuple[Any, dict[str, Any]]:
        import zarr

        item = self._group[video]
        attributes = dict(item.attrs)
        if isinstance(item, zarr.Group):
            name = next((name for name in _ARRAYS if name in item), None)
            if name is None:
                raise DatasetError(
                    f"{self._path}/{video} has no array {' or '.join(_ARRAYS)}. Use one of these "
                    "names."
                )
            item = item[name]
            attributes |= dict(item.attrs)
        if item.ndim != 3 or item.dtype not in (np.dtype(np.uint8), np.dtype(np.bool_)):
            raise DatasetError(
                f"{self._path}/{video} is {item.dtype} of shape {item.shape}. Store label maps as "
                "uint8 (frames, height, width)."
            )
        return item, attributes
