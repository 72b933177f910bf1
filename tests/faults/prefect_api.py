"""Requests to the API of a Prefect server, with a client that does not use Prefect."""

import json
import time
import urllib.error
import urllib.request
from typing import Any

_PATIENCE = 180.0
"""Seconds. Prefect's server waits a minute for the lock on an SQLite database, before it gives up
with a 503; now and then it answers nothing else meanwhile."""


def answers(api: str) -> bool:
    """Whether a server answers at `api`."""
    try:
        urllib.request.urlopen(f"{api}/health", timeout=5).close()
    except OSError:
        return False
    return True


def ask(api: str, path: str, body: Any = None, method: str = "POST") -> Any:
    """The answer of the server.

    A 503 says that its database was locked and that nothing was done: it is asked again, as
    Prefect's own clients do.
    """
    request = urllib.request.Request(
        f"{api}/{path}",
        None if body is None else json.dumps(body).encode(),
        {"Content-Type": "application/json"},
        method=method,
    )
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            if error.code != 503 or time.monotonic() > deadline:
                raise
        time.sleep(0.5)
