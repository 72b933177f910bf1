"""A client of Dask that leaves nothing behind when it cannot connect."""

from typing import Any

from distributed import Client


class OwnedClient(Client):
    """Closes itself where its constructor raises, for nobody else has got hold of it by then.

    Dask's own would be closed by the collector of garbage, at any later moment and in any thread:
    also within the start of another event loop, which holds the lock that closing takes.
    """

    def start(self, **kwargs: Any) -> None:
        """Connect; called by the constructor."""
        try:
            super().start(**kwargs)  # type: ignore[no-untyped-call]
        except BaseException:
            self.close()  # type: ignore[no-untyped-call]
            loop: Any = self._loop_runner
            loop.stop()  # a client that had closed itself already leaves it running
            raise
