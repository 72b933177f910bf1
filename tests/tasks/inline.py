"""A bridge that runs units here and counts them."""

from typing import Any

from tasks.dask_bridge import InProcess
from tasks.dask_bridge.unit_run import UnitRun


class InlineBridge(InProcess):
    """Runs units without processes, with the same results."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def run(self, *args: Any, **kwargs: Any) -> UnitRun:
        self.names.append(kwargs.get("name", ""))
        return super().run(*args, **kwargs)
