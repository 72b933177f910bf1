"""Digests of options: an option that is added later leaves them alone until it is used."""

from dataclasses import dataclass, field, make_dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from maskrnn_core.digest import fields_as_before, later, stable_digest, weights_digest
from maskrnn_core.options import (
    ComputeOptions,
    FinetuneOptions,
    InferenceOptions,
    NetworkOptions,
    Preset,
    RecurrentOptions,
    StaticOptions,
)

CLASSES = [
    NetworkOptions,
    StaticOptions,
    RecurrentOptions,
    FinetuneOptions,
    InferenceOptions,
    ComputeOptions,
]


@dataclass(frozen=True)
class Options:
    rate: float = 0.5


def with_option(of: type, declared: Any) -> Any:
    """An options class of the same name that has one option more."""
    return make_dataclass(of.__name__, [("added", Any, declared)], bases=(of,), frozen=True)


@pytest.mark.parametrize("of", CLASSES)
def test_a_later_option_leaves_digests_alone_until_it_changes(of: type) -> None:
    added = with_option(of, later(0.0))
    assert stable_digest(added()) == stable_digest(of())
    assert stable_digest(added(added=0.1)) != stable_digest(of())
    assert stable_digest(with_option(of, field(default=0.0))()) != stable_digest(of())


def test_a_later_option_deep_inside_a_preset_leaves_its_digest_alone() -> None:
    preset = Preset("small")
    finetune = with_option(FinetuneOptions, later(None))
    assert stable_digest(replace(preset, finetune=finetune())) == stable_digest(preset)
    assert stable_digest(replace(preset, finetune=finetune(added=3))) != stable_digest(preset)


def test_another_default_of_a_later_option_changes_digests() -> None:
    before, after = with_option(Options, later(0.0)), with_option(Options, later(0.0, default=0.1))
    assert after().added == 0.1
    assert stable_digest(after()) != stable_digest(before())
    assert stable_digest(after()) == stable_digest(before(added=0.1))
    assert stable_digest(after(added=0.0)) == stable_digest(Options())


def test_the_value_as_before_is_written_down_not_taken_from_another_class() -> None:
    with pytest.raises(TypeError, match="Options; give a string, number, boolean, None"):
        later(Options())
    assert later((1, (2.0, "a"), None)) is not None


def test_fields_that_were_added_later_are_listed_with_their_value_as_before() -> None:
    added = with_option(Options, later("mean", default="sum"))
    assert fields_as_before(added) == fields_as_before(added()) == {"added": "mean"}
    assert fields_as_before(Options()) == {}
    with pytest.raises(TypeError, match="int is no options class"):
        fields_as_before(3)


VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
LITERALS = st.recursive(
    VALUES.filter(lambda value: value not in (float("inf"), float("-inf"))),
    lambda items: st.lists(items, max_size=3).map(tuple),
    max_leaves=5,
)


@given(as_before=LITERALS, value=LITERALS)
def test_two_values_share_a_digest_only_if_they_are_equal(as_before: Any, value: Any) -> None:
    added = with_option(Options, later(as_before))
    same = stable_digest(added(added=value)) == stable_digest(added())
    assert same == (repr(value) == repr(as_before))


@dataclass(frozen=True)
class Later:
    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  (read by pydantic)

    rate: float = 0.5
    power: float = later(1.0)
    """It is typed and documented as any other field."""


def test_a_later_option_is_read_and_checked_as_any_other() -> None:
    read = TypeAdapter(Later)
    assert read.validate_python({"power": 2.0}) == Later(power=2.0)
    assert read.validate_python({}) == Later(0.5, 1.0)
    with pytest.raises(ValueError, match="valid number"):
        read.validate_python({"power": "much"})


def test_the_digest_of_weights_knows_names_shapes_types_and_values() -> None:
    zeros, one = np.zeros(4, np.float32), np.ones((), np.float32)
    variants: list[dict[str, Any]] = [
        {"a": zeros, "b": one},
        {"a": zeros, "c": one},
        {"a": zeros.reshape(2, 2), "b": one},
        {"a": zeros, "b": one - 1},
        {"a": zeros.astype(np.float64), "b": one},
    ]
    assert len({weights_digest(weights) for weights in variants}) == len(variants)
    assert weights_digest(variants[0]) == weights_digest({"b": one, "a": zeros[::-1]})
    tensors = {"a": torch.zeros(4), "b": torch.ones(())}
    assert weights_digest(variants[0]) == weights_digest(tensors)
    # Results of former versions name their weights so.
    assert weights_digest(variants[0]).startswith("31d6ebefdcaa724a")
