"""The Prefect server of a command: the one that is named, or a temporary one that ends with it."""

import json
import subprocess
import sys
from subprocess import DEVNULL, PIPE

from storage.files.processes import describe_process
from tasks.errors import TaskError


def provide_server() -> None:
    """Wait until the server that is named answers; where none is, start a temporary one.

    Prefect would start that with the first flow run, and leave it behind a command that was killed.

    Raises:
        TaskError: the server that is named does not answer.
    """
    from prefect.client.orchestration import get_client
    from prefect.server.api.server import SubprocessASGIServer
    from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_ALLOW_EPHEMERAL_MODE

    from tasks.retries.server_outage import asked_again, is_of_the_server

    def reach() -> None:
        with get_client(sync_client=True) as client:
            error = client.api_healthcheck()
        if error is not None:
            raise error

    if url := PREFECT_API_URL.value():
        try:
            asked_again(reach)
        except Exception as error:
            if not is_of_the_server(error):
                raise
            raise TaskError(
                f"the Prefect server at {url} does not answer: start it (`make serve`), correct "
                "PREFECT_API_URL, or unset it for a temporary server"
            ) from error
        return
    if not PREFECT_SERVER_ALLOW_EPHEMERAL_MODE.value():
        return
    server = SubprocessASGIServer()
    if server.running:
        return
    server.start()
    if server.server_process is not None:
        process = json.dumps(describe_process(server.server_process.pid))
        command = [sys.executable, "-m", "flows.server.watchdog", process]
        # A session of its own: Ctrl-C on the terminal is not meant for it.
        watchdog = subprocess.Popen(
            command, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
        )
        _watchdogs.append(watchdog)


_watchdogs: list["subprocess.Popen[bytes]"] = []
"""Kept, for the pipe of one that is collected is closed."""
