"""What a command has found out before it calls its flow, for that flow.

Prefect keeps the parameters of a flow run as JSON, and a deployment gives nothing else, so a flow
takes parameters only. A command calls its flow in its own thread: a context variable brings what
the command has resolved and checked to the flow, which then does neither again.
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
    """Within the block, a flow that is called with these parameters finds what was prepared."""
    token = _HANDED_OVER.set((parameters, prepared))
    try:
        yield
    finally:
        _HANDED_OVER.reset(token)


def prepared_for(parameters: BaseModel, kind: type[T], prepare: Callable[[], T]) -> T:
    """What the command that calls this flow has prepared for its parameters; else `prepare()`."""
    held = _HANDED_OVER.get()
    if held is not None and held[0] == parameters and isinstance(held[1], kind):
        return held[1]
    return prepare()
