"""Identity of a process, so that another process can check whether it still runs."""

import os
import socket
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

_PROC = Path("/proc")


def this_process() -> dict[str, Any]:
    """Host, machine, pid and start time of this process, for `has_ended`."""
    return dict(_this_process(os.getpid()))


def describe_process(pid: int) -> dict[str, Any]:
    """The same for another process of this machine."""
    return {
        "host": socket.gethostname(),
        "machine": _machine(),
        "pid": pid,
        "started": _started(pid) or "",
    }


def has_ended(process: Mapping[str, Any]) -> bool:
    """Whether a process of this machine has ended; False if that is unknown."""
    here = _machine()
    if not here or process.get("machine") != here:
        return False
    return _differs(int(process["pid"]), str(process["started"]))


def process_token() -> str:
    """Identity of this process in a few characters for a file name; see `token_has_ended`."""
    this = this_process()
    return f"{_short(this['machine'])}-{this['pid']}-{this['started']}"


def token_has_ended(token: str) -> bool:
    """Whether the process of a token has ended; False if that is unknown."""
    machine, _, process = token.partition("-")
    pid, _, started = process.partition("-")
    if not _machine() or machine != _short(_machine()) or not pid.isdecimal():
        return False
    return _differs(int(pid), started)


def _differs(pid: int, started: str) -> bool:
    """Whether the process has ended; a process with another start time only reuses its pid."""
    found = _started(pid)
    return found is not None and found != started


def _short(machine: str) -> str:
    return sha256(machine.encode()).hexdigest()[:12]


@cache
def _this_process(pid: int) -> dict[str, Any]:
    return describe_process(pid)


def _machine() -> str:
    """Identity of the space of process ids: this boot and container; empty if unknown."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _started(pid: int) -> str | None:
    """Start time of a process, as a number that is unique within one boot.

    Empty if it has ended. None if it runs but cannot be inspected, such as a process of another
    user under the mount option hidepid.
    """
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None if _is_there(pid) else ""
    return "" if fields[0] in "ZX" else fields[19]


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True
