"""Configures Prefect for a command: nothing leaves the machine, and the console is readable.

Call it before prefect is imported. Settings that the environment already has are kept.
"""

import atexit
import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Literal

_QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "maskrnn",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    # We print each failure as one line; the ledger keeps its traceback.
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
}


_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def prepare_environment(
    debug: bool, *, quiet: bool = False, log_format: Literal["text", "json"] = "text"
) -> None:
    """Silence Prefect and print our own progress lines.

    Args:
        debug: print everything of both.
        quiet: print only warnings and errors.
        log_format: lines for people, or one JSON object per line.
    """
    exempt_loopback()
    provide_prefect_home()
    if debug:
        os.environ["PREFECT_LOGGING_LEVEL"] = "INFO"
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)

    handler = _json_handler() if log_format == "json" else _console_handler(debug)
    if quiet:
        handler.setLevel(logging.WARNING)
    # Lines from the workers belong to Prefect's log of the task run. The console shows only
    # warnings and the progress of long work.
    handler.addFilter(lambda record: debug or record.name != "maskrnn.worker" or _is_shown(record))
    log = logging.getLogger("maskrnn")
    log.handlers = [handler]
    log.setLevel(logging.DEBUG if debug else logging.INFO)
    log.propagate = False


def exempt_loopback() -> None:
    """Exclude this machine from the proxy, for this process and its workers.

    Otherwise, if HTTP_PROXY is set, as in many offices, requests to Prefect's temporary server go
    to the proxy, which cannot reach it.
    """
    given = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    hosts = [host.strip() for host in given.split(",") if host.strip()]
    exempt = ",".join([*hosts, *(host for host in _LOOPBACK if host not in hosts)])
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = given if "*" in hosts else exempt


def provide_prefect_home() -> None:
    """Give Prefect a temporary home, removed at exit, if its usual home is not writable."""
    if "PREFECT_HOME" in os.environ:
        return
    try:
        usual = Path("~/.prefect").expanduser()
        usual.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=usual):
            return
    except (OSError, RuntimeError):  # RuntimeError: a user without a home
        home = tempfile.mkdtemp(prefix="maskrnn-prefect-")
        os.environ["PREFECT_HOME"] = home
        atexit.register(shutil.rmtree, home, ignore_errors=True)


def _console_handler(debug: bool) -> logging.Handler:
    """Return a handler for people on a terminal, or one that writes whole lines to a file."""
    from flows.terminal import PlainLines, TerminalLines

    handler = TerminalLines() if sys.stderr.isatty() else logging.StreamHandler()
    level = "%(levelname)s " if debug else ""
    handler.setFormatter(PlainLines(f"%(asctime)s {level}%(message)s", "%H:%M:%S"))
    return handler


def _json_handler() -> logging.Handler:
    from flows.terminal import JsonLines

    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    return handler


def _is_shown(record: logging.LogRecord) -> bool:
    return record.levelno > logging.INFO
