"""Applies overrides to presets, which gives the options of every stage of a run."""

import dataclasses
import difflib
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.options import ComputeOptions, Preset
from maskrnn_core.presets import PRESETS, preset
from maskrnn_core.synthetic.options import SyntheticOptions
from tasks.errors import ParameterError
from tasks.inputs.detector_weights import detector_digest
from tasks.inputs.trackers import choose_tracker, tracker_packages

T = TypeVar("T")

_TRACKER = "tracker"
_NOT_SET = ("name", _TRACKER, "detector")
"""Fields of a preset that are no options."""


@dataclass(frozen=True)
class Configuration:
    """All options of a run; `overrides` holds the differences from the preset, for the report."""

    preset: Preset
    compute: ComputeOptions = field(default_factory=ComputeOptions)
    synthetic: SyntheticOptions = field(default_factory=SyntheticOptions)
    overrides: Mapping[str, str] = field(default_factory=dict)


def preset_names() -> list[str]:
    """Return all known presets, and the trackers of other packages."""
    return [*PRESETS, *(name for name in tracker_packages() if name not in PRESETS)]


def configure(preset_name: str, overrides: Mapping[str, str]) -> Configuration:
    """Return a preset with overrides such as {"finetune.iterations": "50"}.

    Keys are dotted paths below the preset (network, static, recurrent, finetune, inference,
    carry), or below `compute` and `synthetic`. A tracker of another package has its options below
    `tracker`. Values are JSON or plain text; "none" removes a stage.

    Raises:
        ParameterError: an unknown preset, an unknown key (the message lists the valid ones) or a
            value of another type.
    """
    base = Configuration(_preset(preset_name, overrides))
    roots: dict[str, Any] = {
        "compute": dataclasses.asdict(base.compute),
        "synthetic": dataclasses.asdict(base.synthetic),
    }
    tree = dataclasses.asdict(base.preset)
    for key, text in overrides.items():
        root, _, rest = key.partition(".")
        if root in roots and rest:
            _set(roots[root], rest.split("."), text, key, type(getattr(base, root)))
        elif base.preset.tracker is None or root != _TRACKER:
            _set(tree, key.split("."), text, key, Preset)
    return Configuration(
        _with_detector(_validated(Preset, tree, "preset")),
        _validated(ComputeOptions, roots["compute"], "compute"),
        _validated(SyntheticOptions, roots["synthetic"], "synthetic"),
        dict(overrides),
    )


def _with_detector(chosen: Preset) -> Preset:
    """The digest of the detector's weights, for a preset that is guided by instances."""
    if chosen.inference.instances is None or chosen.network is None:
        return chosen
    return dataclasses.replace(chosen, detector=detector_digest())


def _preset(name: str, overrides: Mapping[str, str]) -> Preset:
    """Return a preset by its name, or that of a tracker, with the options of the tracker."""
    trackers = {} if name in PRESETS else tracker_packages()
    if name not in trackers:
        try:
            return preset(name)
        except InvalidInputError as error:
            if not trackers:
                raise
            raise InvalidInputError(
                f"{error}; trackers of other packages are {', '.join(trackers)}"
            ) from None
    options = {}
    for key, text in overrides.items():
        root, _, rest = key.partition(".")
        if root not in (_TRACKER, "compute", "synthetic") or not rest:
            raise ParameterError(
                f"unknown option {key!r}: {name} is a tracker of another package; valid are "
                "tracker.NAME, compute.NAME and synthetic.NAME"
            )
        if root == _TRACKER:
            options[rest] = text
    tracker = choose_tracker(name, options)
    return Preset(name, network=None, static=None, recurrent=None, finetune=None, tracker=tracker)


def _set(tree: dict[str, Any], path: list[str], text: str, key: str, kind: type) -> None:
    """Set the value at `path` in the fields of a dataclass `kind`."""
    hints = typing.get_type_hints(kind)
    name, rest = path[0], path[1:]
    inner = _dataclass_of(hints.get(name))
    if name not in hints or name in _NOT_SET or (rest and inner is None):
        raise ParameterError(
            f"unknown option {key!r}{_close(kind, key, path)}; {_valid(kind, key, path)}"
        )
    if not rest:
        if inner is not None and text.lower() != "none":
            raise ParameterError(
                f"{key} is a group of options; set one of them, such as "
                f"{key}.{dataclasses.fields(inner)[0].name}, or {key}=none"
            )
        tree[name] = _parsed(text, hints[name])
    elif inner is not None:
        if tree[name] is None:
            tree[name] = dataclasses.asdict(inner())
        _set(tree[name], rest, text, key, inner)


def _valid(kind: type, key: str, path: list[str]) -> str:
    prefix = key.removesuffix(".".join(path))
    return "valid are " + ", ".join(f"{prefix}{name}" for name in _names(kind))


def _close(kind: type, key: str, path: list[str]) -> str:
    """Return a question for the option that was probably meant; empty if none is close."""
    close = difflib.get_close_matches(path[0], _names(kind), n=1)
    if not close:
        return ""
    prefix = key.removesuffix(".".join(path))
    return f", did you mean {'.'.join([prefix + close[0], *path[1:]])}?"


def _names(kind: type) -> list[str]:
    """Return the names of the options in a group."""
    names = [f.name for f in dataclasses.fields(kind) if f.name not in _NOT_SET]
    return [*names, "compute", "synthetic"] if kind is Preset else names


def _dataclass_of(hint: Any) -> type | None:
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    for option in options:
        if isinstance(option, type) and dataclasses.is_dataclass(option):
            return option
    return None


def _parsed(text: str, hint: Any) -> Any:
    """A value as written; "none" is None unless the option has a choice of that name."""
    if text.lower() == "none":
        return "none" if "none" in typing.get_args(hint) else None
    try:
        return json.loads(text)
    except ValueError:
        return text


def _validated(kind: type[T], tree: dict[str, Any], root: str) -> T:
    try:
        return TypeAdapter(kind).validate_python(tree)
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:  # two options contradict each other; their own message explains it
            raise ParameterError(f"options of {root}: {first['ctx']['error']}") from None
        place = ".".join(str(part) for part in first["loc"])
        where = place if root == "preset" else f"{root}.{place}".rstrip(".")
        raise ParameterError(
            f"option {where} cannot be {first['input']!r}: {first['msg']}"
        ) from None
