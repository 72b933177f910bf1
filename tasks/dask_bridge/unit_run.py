"""Runs a unit of work on its worker and packs its result or its error."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from maskrnn_core.allocator import keep_freed_memory
from maskrnn_core.errors import InvalidInputError, MaskRNNError
from storage.errors import StorageError
from tasks.errors import TaskError, UnitError
from tasks.retries.transient import is_transient


@dataclass(frozen=True)
class UnitRun:
    """What a unit returned, how long it ran, and the name of its worker."""

    value: Any
    seconds: float
    worker: str


@dataclass(frozen=True)
class UnitFailure:
    """The error of a unit, as text: not every exception can be sent between processes."""

    kind: str
    message: str
    trace: str
    transient: bool = False


Outcome = UnitRun | UnitFailure


def run_unit(unit: Callable[..., Any], args: tuple[Any, ...], worker: str) -> Outcome:
    """Call `unit(*args)` on the worker."""
    keep_freed_memory()
    started = time.perf_counter()
    try:
        value = unit(*args)
    except Exception as error:
        return UnitFailure(
            type(error).__name__, describe(error), traceback.format_exc(), is_transient(error)
        )
    return UnitRun(value, time.perf_counter() - started, worker)


def returned(outcome: Outcome) -> UnitRun:
    """Return what a unit returned; raise UnitError with its error if it failed."""
    if isinstance(outcome, UnitFailure):
        raise UnitError(outcome.message, outcome.kind, outcome.trace, outcome.transient)
    return outcome


def describe(error: BaseException) -> str:
    """Return one line for a table: our own messages unchanged, others with their class.

    If the memory of the machine or of the GPU is exhausted, the line says what to do.
    """
    if isinstance(error, MaskRNNError | StorageError | TaskError):
        return str(error)
    text = f"{type(error).__name__}: {error}"
    full = type(error).__name__ in _OUT_OF_MEMORY or _CPU_ALLOCATOR in text
    return f"{text}; {MEMORY_ADVICE}" if full else text


MEMORY_ADVICE = (
    "out of memory: run this video again with fewer workers or a lower resolution, or on a machine "
    "or GPU with more memory"
)

# We compare the name of torch's class, so that a table does not load torch.
_OUT_OF_MEMORY = ("MemoryError", "OutOfMemoryError", "_ArrayMemoryError")

# If the machine's memory is exhausted, torch raises a RuntimeError that says so.
_CPU_ALLOCATOR = "DefaultCPUAllocator"


CORE_ERRORS = MaskRNNError
CORE_INPUT_ERRORS = (InvalidInputError,)
