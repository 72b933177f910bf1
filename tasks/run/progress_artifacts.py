"""Shows the progress of a run in Prefect's web interface while it is running."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from uuid import UUID

from tasks.retries.server_outage import is_of_the_server, note_outage, shows_in_prefect

_SECONDS = 5.0
"""Seconds between two looks at the numbers; the server is asked only if they have changed."""


@dataclass(frozen=True)
class UnitCount:
    """How many units of one stage have ended.

    Args:
        done: complete, now or in an earlier run.
        failed: failed.
        total: all of them, as far as they are known.
        reused: those of `done` that an earlier run had made.
    """

    done: int
    failed: int
    total: int
    reused: int = 0

    @property
    def percent(self) -> float:
        """Share of ended units, from 0 to 100."""
        return 100.0 * min(1.0, (self.done + self.failed) / max(1, self.total))

    def __str__(self) -> str:
        text = f"{self.done} of {self.total} units done"
        text += f", {self.reused} of them reused" if self.reused else ""
        return text + (f", {self.failed} failed" if self.failed else "")


@contextmanager
def shown_progress(
    count: Callable[[], Mapping[str, UnitCount]], seconds: float = _SECONDS
) -> Iterator[None]:
    """Keep a progress artifact per stage up to date until the block ends.

    Does nothing outside of a flow run, or after its server stopped answering.

    Args:
        count: returns the units by the name of their stage: lowercase letters and dashes.
        seconds: between two updates.
    """
    if not shows_in_prefect():
        yield
        return
    ended = threading.Event()
    progress = _Progress(count)

    def follow() -> None:
        while not ended.wait(seconds) and progress.update():
            pass
        progress.update()

    # Prefect uses context variables to find the flow run.
    thread = threading.Thread(
        target=copy_context().run, args=(follow,), daemon=True, name="progress"
    )
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class _Progress:
    def __init__(self, count: Callable[[], Mapping[str, UnitCount]]) -> None:
        self._count = count
        self._shown: dict[str, tuple[UUID, UnitCount]] = {}

    def update(self) -> bool:
        """Send the counts that have changed; return whether the server answers."""
        if not shows_in_prefect():
            return False
        try:
            asyncio.run(self._send())
        except Exception as error:
            if not is_of_the_server(error):
                raise
            note_outage(error)
            return False
        return True

    async def _send(self) -> None:
        from prefect.artifacts import ProgressArtifact, aupdate_progress_artifact

        for stage, units in self._count().items():
            identifier, before = self._shown.get(stage, (None, None))
            if identifier is None:
                artifact = ProgressArtifact(
                    progress=units.percent, key=f"progress-{stage}", description=_told(stage, units)
                )
                identifier = (await artifact.acreate()).id
            elif units != before:
                await aupdate_progress_artifact(identifier, units.percent, _told(stage, units))
            self._shown[stage] = identifier, units


def _told(stage: str, units: UnitCount) -> str:
    return f"{stage}: {units}"
