"""Runs units in this process, for a run that worker processes would only delay."""

import threading
from collections.abc import Callable
from typing import Any

from tasks.dask_bridge.bridge import Bridge
from tasks.dask_bridge.unit_run import UnitRun, returned, run_unit
from tasks.errors import RunEndedError
from tasks.machine.resources import Resource

_WORKER = "this process"


class InProcess(Bridge):
    """Runs one unit at a time, in the thread that asks for it; starts no process.

    A unit that kills its process ends the whole run, and no unit can be stopped before its end.
    """

    def __init__(self) -> None:
        super().__init__()
        self._turn = threading.Lock()

    def run(
        self,
        unit: Callable[..., Any],
        *args: Any,
        resource: Resource,
        kind: str = "",
        name: str = "",
        timeout: float | None = None,
    ) -> UnitRun:
        """Call `unit(*args)`; `resource`, `timeout` and the names are ignored.

        Raises:
            UnitError: the unit raised; the message is its own.
            RunEndedError: the run was ended before the unit started.
        """
        with self._turn:
            if self.closed:
                raise RunEndedError
            return returned(run_unit(unit, args, _WORKER))

    def slots(self, resource: Resource) -> int:
        """Return 1: the units wait for each other."""
        return 1
