"""A bridge that runs units here and counts them."""

from collections.abc import Callable
from typing import Any

from tasks.dask_bridge import Bridge
from tasks.dask_bridge.unit_run import UnitFailure, UnitRun, run_unit
from tasks.errors import UnitError
from tasks.machine.resources import Resource


class InlineBridge(Bridge):
    """Runs units without processes, with the same results."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def run(
        self,
        unit: Callable[..., Any],
        *args: Any,
        resource: Resource,
        kind: str = "",
        name: str = "",
        timeout: float | None = None,
    ) -> UnitRun:
        self.names.append(name)
        outcome = run_unit(unit, args, "inline")
        if isinstance(outcome, UnitFailure):
            raise UnitError(outcome.message, outcome.kind, outcome.trace, outcome.transient)
        return outcome
