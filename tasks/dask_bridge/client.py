"""Defines a Dask client that cleans up if it cannot connect."""

from typing import Any

from distributed import Client


class OwnedClient(Client):
    """Closes itself if its constructor raises, because no caller has a reference to it by then.

    Otherwise the garbage collector closes Dask's client at any later moment and in any thread, even
    during the start of another event loop, which holds the lock that closing takes.
    """

    def start(self, **kwargs: Any) -> None:
        """Connect to the scheduler; called by the constructor."""
        try:
            super().start(**kwargs)  # type: ignore[no-untyped-call]
        except BaseException:
            self.close()  # type: ignore[no-untyped-call]
            loop: Any = self._loop_runner
            loop.stop()  # a client that had closed itself already leaves it running
            raise
