"""Overrides as a deployment gives them: text, as on the command line, or values of JSON."""

import json
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_KINDS = ("string", "number", "boolean", "array", "null")


def _as_text(value: Any) -> Any:
    if value is None:
        return "none"
    return json.dumps(value) if isinstance(value, bool | int | float | list | tuple) else value


# Prefect's server checks parameters by the schema before this package sees them.
_Value = Annotated[
    str,
    BeforeValidator(_as_text),
    WithJsonSchema({"anyOf": [{"type": kind} for kind in _KINDS]}),
]

Overrides = dict[str, _Value]
"""Values as text, by dotted name of the option: "[64, 112]" for the list, "none" for null."""
