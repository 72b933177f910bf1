"""Prefect's temporary server, for a command that has no other: it ends with the command."""

import json
import subprocess
import sys
from subprocess import DEVNULL, PIPE

from storage.processes import describe_process


def start_temporary_server() -> None:
    """Start it where no server is named, and see to it that it ends even if this one is killed.

    Prefect would start it with the first flow run, and leave it behind a command that was killed.
    """
    from prefect.server.api.server import SubprocessASGIServer
    from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_ALLOW_EPHEMERAL_MODE

    if PREFECT_API_URL.value() or not PREFECT_SERVER_ALLOW_EPHEMERAL_MODE.value():
        return
    server = SubprocessASGIServer()
    if server.running:
        return
    server.start()
    if server.server_process is not None:
        process = json.dumps(describe_process(server.server_process.pid))
        command = [sys.executable, "-m", "flows.server_watchdog", process]
        # A session of its own: Ctrl-C on the terminal is not meant for it.
        watchdog = subprocess.Popen(
            command, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
        )
        _watchdogs.append(watchdog)


_watchdogs: list["subprocess.Popen[bytes]"] = []
"""Kept, for the pipe of one that is collected is closed."""
