"""Ends a process when the one that started this program is gone, however it went.

    python -m flows.server.watchdog PROCESS

PROCESS is JSON, as `storage.files.processes.describe_process` gives it. Standard input is a pipe
of the process to be watched: it is closed when that process ends, and only then.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from typing import Any

from storage.files.processes import has_ended

_PATIENCE_SECONDS = 5.0


def main() -> None:
    """Wait for the end of standard input, then end the process."""
    process = json.loads(sys.argv[1])
    sys.stdin.buffer.read()
    _end(process, signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not has_ended(process) and time.monotonic() < deadline:
        time.sleep(0.2)
    _end(process, signal.SIGKILL)


def _end(process: Mapping[str, Any], how: signal.Signals) -> None:
    if not has_ended(process):
        os.kill(process["pid"], how)


if __name__ == "__main__":
    main()
