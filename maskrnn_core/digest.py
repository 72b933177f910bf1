"""A stable sha256 of configurations: the same on every machine, process and Python version.

A new option must not change the keys of artifacts that were made before it existed. Declare it with
`later`: as long as it says "as before", the digest is the one of the options without it.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")

_AS_BEFORE = "as before"
_DEFAULT_AS_BEFORE: Any = object()


def later(as_before: T, *, default: T = _DEFAULT_AS_BEFORE) -> T:
    """Declare a field of an options class that was added when artifacts existed already.

    `gamma: float = later(1.0)` stays out of the digest while it is 1.0, and enters it otherwise.

    Args:
        as_before: the value that gives the results of the time before the field. Never change it,
            not even when the default changes.
        default: of the field; that value unless it is given.

    Raises:
        TypeError: when `as_before` is no plain value. An options object could change with the
            defaults of its own class; take None for a group of options that was added.
    """
    if not _is_literal(as_before):
        raise TypeError(
            f"as_before is a {type(as_before).__name__}; give a string, number, boolean, None or a "
            "tuple of those"
        )
    chosen = as_before if default is _DEFAULT_AS_BEFORE else default
    declared: T = dataclasses.field(default=chosen, metadata={_AS_BEFORE: as_before})
    return declared


def fields_as_before(options: object) -> dict[str, Any]:
    """Of an options object or class, the fields that were added later, with `as_before` of each."""
    if not dataclasses.is_dataclass(options):
        raise TypeError(f"{type(options).__name__} is no options class")
    return {
        field.name: field.metadata[_AS_BEFORE]
        for field in dataclasses.fields(options)
        if _AS_BEFORE in field.metadata
    }


def stable_digest(value: object) -> str:
    """sha256 (hex, 64 characters) of the canonical JSON of `value`.

    Takes dataclasses, mappings with string keys, sequences, strings, numbers, booleans and None.
    A dataclass counts with its class name, so that equal fields of different stages differ, and
    without the fields that `later` added and that are as before.

    Raises:
        TypeError: the type is another one (the owner of an array digests its bytes).
    """
    return hashlib.sha256(_canonical(value).encode("ascii")).hexdigest()


def weights_digest(weights: Mapping[str, Any]) -> str:
    """sha256 (hex) of names, types, shapes and values, whatever order or file they came from.

    Args:
        weights: arrays, or tensors on the CPU that take no gradient.
    """
    digest = hashlib.sha256()
    for name in sorted(weights):
        array = np.asarray(weights[name], order="C")
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.data if array.ndim else array.tobytes())
    return digest.hexdigest()


def _canonical(value: object) -> str:
    return json.dumps(
        _plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


def _plain(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        before = fields_as_before(value)
        fields = {
            field.name: _plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.name not in before
            or _canonical(getattr(value, field.name)) != _canonical(before[field.name])
        }
        return {"__class__": type(value).__name__, **fields}
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("stable_digest takes mappings with string keys only")
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"stable_digest cannot take a {type(value).__name__}")


def _is_literal(value: object) -> bool:
    if isinstance(value, tuple):
        return all(_is_literal(item) for item in value)
    return value is None or isinstance(value, str | bool | int | float)
