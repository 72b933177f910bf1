"""Passes what a command has resolved and checked to the flow that it calls.

Prefect keeps the parameters of a flow run as JSON, and a deployment passes nothing else, so a flow
takes only parameters. A command calls its flow in its own thread; a context variable carries the
resolved and checked run to the flow, so that the flow does not repeat this work.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from pydantic import BaseModel

T = TypeVar("T")

_HANDED_OVER: ContextVar[tuple[BaseModel, object] | None] = ContextVar(
    "maskrnn_handed_over", default=None
)


@contextmanager
def handed_over(parameters: BaseModel, prepared: object) -> Iterator[None]:
    """Within the block, give the prepared value to a flow called with these parameters."""
    token = _HANDED_OVER.set((parameters, prepared))
    try:
        yield
    finally:
        _HANDED_OVER.reset(token)


def prepared_for(parameters: BaseModel, kind: type[T], prepare: Callable[[], T]) -> T:
    """Return what the calling command prepared for these parameters, or else `prepare()`."""
    held = _HANDED_OVER.get()
    if held is not None and held[0] == parameters and isinstance(held[1], kind):
        return held[1]
    return prepare()
