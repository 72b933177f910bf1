"""Reads overrides of a deployment: text, as on the command line, or JSON values."""

import json
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_KINDS = ("string", "number", "boolean", "array", "null")


def _as_text(value: Any) -> Any:
    if value is None:
        return "none"
    return json.dumps(value) if isinstance(value, bool | int | float | list | tuple) else value


# Prefect's server checks parameters against the schema before this package receives them.
_Value = Annotated[
    str,
    BeforeValidator(_as_text),
    WithJsonSchema({"anyOf": [{"type": kind} for kind in _KINDS]}),
]

Overrides = dict[str, _Value]
"""Values as text, by dotted option name: "[64, 112]" for a list, "none" for null."""
