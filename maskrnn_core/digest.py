"""A stable sha256 of configurations: the same on every machine, process and Python version."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Any


def stable_digest(value: object) -> str:
    """sha256 (hex, 64 characters) of the canonical JSON of `value`.

    Accepts dataclasses, mappings with string keys, sequences, strings, numbers, booleans and None.
    The digest of a dataclass includes its class name, so that stages with equal fields differ.

    Raises:
        TypeError: the type is another one (the owner of an array digests its bytes).
    """
    text = json.dumps(
        _plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _plain(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
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
