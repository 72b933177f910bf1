"""Finds trackers of other packages by their entry points, and builds them.

A package names a class in the group `maskrnn.trackers`. The class satisfies
`maskrnn_core.trackers.protocol.FrameTracker`; its name is the name of a preset.
"""

import inspect
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import EntryPoint, entry_points
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from maskrnn_core.options.tracker import TrackerChoice
from maskrnn_core.presets import PRESETS
from maskrnn_core.trackers.protocol import FrameTracker
from tasks.errors import ParameterError

GROUP = "maskrnn.trackers"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


def tracker_packages() -> dict[str, str]:
    """Return the package and version of every tracker that is installed, by name, unloaded."""
    found = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return {point.name: _package(point) for point in found}


def choose_tracker(name: str, options: Mapping[str, str]) -> TrackerChoice:
    """Return a tracker with its options; builds it once, for its digest.

    Args:
        name: of its entry point.
        options: arguments of its constructor as JSON or plain text; the others keep their defaults.

    Raises:
        ParameterError: no such tracker, two of them, one that cannot be built, or an option that it
            does not have.
    """
    point = _entry_point(name)
    made = _load(point)
    values = _values(name, made, options)
    digest = _built(name, made, values).digest
    return TrackerChoice(name, str(digest), values, _package(point))


def build_tracker(choice: TrackerChoice) -> FrameTracker:
    """Return a new tracker, on this machine.

    Raises:
        ParameterError: it is not installed here, cannot be built, or is another version than where
            the run was started.
    """
    tracker = _built(choice.name, _load(_entry_point(choice.name)), choice.options)
    if str(tracker.digest) != choice.digest:
        raise ParameterError(
            f"the tracker {choice.name} of this worker says {str(tracker.digest)[:60]!r} of itself,"
            f" that of the run {choice.digest[:60]!r} ({choice.package}); install the same version "
            "everywhere"
        )
    return tracker


def _entry_point(name: str) -> EntryPoint:
    points = [point for point in entry_points(group=GROUP) if point.name == name]
    packages = sorted({_package(point) for point in points})
    if not points:
        known = ", ".join(tracker_packages()) or "none"
        raise ParameterError(
            f"no tracker {name} is installed here; there are: {known}. Install its package in the "
            "environment of the command and of every worker"
        )
    if name in PRESETS:
        raise ParameterError(
            f"{packages[0]} names a tracker {name}, which is a preset; it needs another name"
        )
    if len({point.value for point in points}) > 1:
        raise ParameterError(
            f"several packages name a tracker {name}: {', '.join(packages)}; uninstall all but one"
        )
    if not _NAME.fullmatch(name):
        raise ParameterError(
            f"{packages[0]} names a tracker {name!r}; a name has up to 60 letters, digits, dots, "
            "hyphens and underscores"
        )
    return points[0]


def _load(point: EntryPoint) -> Any:
    try:
        return point.load()
    except Exception as error:  # whatever the code of the other package raises
        raise ParameterError(
            f"the tracker {point.name} of {_package(point)} cannot be loaded from {point.value} "
            f"({type(error).__name__}: {error}); install what it needs"
        ) from error


def _built(name: str, made: Any, values: Mapping[str, Any]) -> FrameTracker:
    try:
        tracker = made(**values)
    except Exception as error:
        given = ", ".join(f"{key}={value!r}" for key, value in values.items()) or "no options"
        raise ParameterError(
            f"the tracker {name} cannot be built with {given} ({type(error).__name__}: {error})"
        ) from error
    if not isinstance(tracker, FrameTracker):
        raise ParameterError(
            f"the tracker {name} has no `step` or no `digest`; see docs/trackers.md"
        )
    return tracker


def _values(name: str, made: Any, options: Mapping[str, str]) -> dict[str, Any]:
    """Return all options of a constructor: defaults, and those that were given."""
    parameters = [
        parameter
        for parameter in inspect.signature(made).parameters.values()
        if parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    known = {parameter.name: parameter for parameter in parameters}
    for key in options:
        if key not in known:
            valid = ", ".join(f"tracker.{option}" for option in known) or "none"
            raise ParameterError(f"unknown option tracker.{key} of {name}; valid are {valid}")
    hints = _hints(made)
    values = {
        key: parameter.default
        for key, parameter in known.items()
        if parameter.default is not parameter.empty
    }
    values |= {key: _parsed(key, text, hints.get(key, Any)) for key, text in options.items()}
    if missing := [key for key in known if key not in values]:
        raise ParameterError(f"the tracker {name} needs a value: --set tracker.{missing[0]}=VALUE")
    try:
        json.dumps(values, allow_nan=False)
    except (TypeError, ValueError):
        raise ParameterError(
            f"the options of the tracker {name} are not plain values: {values}; its package must "
            "declare numbers, texts, truth values or none"
        ) from None
    return values


def _hints(made: Any) -> dict[str, Any]:
    try:
        return get_type_hints(made.__init__ if inspect.isclass(made) else made)
    except Exception:  # names that exist for a type checker alone
        return {}


def _parsed(key: str, text: str, hint: Any) -> Any:
    value: Any = text
    with suppress(ValueError):  # what is no JSON is text
        value = None if text.lower() == "none" else json.loads(text)
    for candidate in (value, text):
        try:
            return TypeAdapter(hint).validate_python(candidate)
        except ValidationError as error:
            problem = error.errors()[0]["msg"]
        except Exception:  # a type that pydantic does not know
            return value
    raise ParameterError(f"option tracker.{key} cannot be {text!r}: {problem}")


def _package(point: EntryPoint) -> str:
    return "unknown" if point.dist is None else f"{point.dist.name} {point.dist.version}"
