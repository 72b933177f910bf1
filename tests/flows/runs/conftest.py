"""What tests of whole runs share."""

from typing import Any

import pytest

from tasks.dask_bridge import Bridge


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the units that had to run."""
    names: list[str] = []
    run = Bridge.run

    def counted(self: Bridge, *args: Any, **kwargs: Any) -> Any:
        names.append(kwargs["name"])
        return run(self, *args, **kwargs)

    monkeypatch.setattr(Bridge, "run", counted)
    return names
