"""Prefect's settings for a command: nothing leaves the machine, and a readable console.

Called before prefect is imported. What the environment already sets stays as it is.
"""

import logging
import os
import sys

_QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "maskrnn",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    # Every failure reaches the console as one line of our own, the ledger with its traceback.
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
}


def prepare_environment(debug: bool) -> None:
    """Quiet Prefect and send our own progress lines to the console; all of both with `debug`."""
    if debug:
        os.environ["PREFECT_LOGGING_LEVEL"] = "INFO"
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)

    handler = _console_handler(debug)
    # Lines from the workers belong to Prefect's log of the task run; of them the console shows
    # warnings, and how far long work has come.
    handler.addFilter(lambda record: debug or record.name != "maskrnn.worker" or _is_shown(record))
    log = logging.getLogger("maskrnn")
    log.handlers = [handler]
    log.setLevel(logging.DEBUG if debug else logging.INFO)
    log.propagate = False


def _console_handler(debug: bool) -> logging.Handler:
    """For people on a terminal, and whole lines where they go to a file."""
    if not sys.stderr.isatty():
        plain = logging.StreamHandler()
        level = "%(levelname)s " if debug else ""
        plain.setFormatter(logging.Formatter(f"%(asctime)s {level}%(message)s", "%H:%M:%S"))
        return plain

    from rich.console import Console
    from rich.logging import RichHandler

    return RichHandler(
        console=Console(stderr=True),
        show_path=False,
        show_level=debug,
        log_time_format="%H:%M:%S",
        omit_repeated_times=False,
    )


def _is_shown(record: logging.LogRecord) -> bool:
    return record.levelno > logging.INFO
