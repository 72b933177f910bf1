"""Records where a result comes from: what made it, from what, where and when."""

import getpass
import hashlib
import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from maskrnn_core.digest import stable_digest

_PACKAGES = ("maskrnn_core", "storage", "tasks")


def provenance(
    source: Mapping[str, Any], configuration: object, checkpoints: Mapping[str, str]
) -> dict[str, Any]:
    """Return the provenance for the metadata of a result, as a JSON object.

    Args:
        source: addresses and digests of video and masks.
        configuration: all options that were used; their digest is kept.
        checkpoints: digests of the weights, by the name of their use.
    """
    return {
        "source": dict(source),
        "code": {"version": version("maskrnn"), "digest": code_digest()},
        "configuration": stable_digest(configuration),
        "checkpoints": dict(checkpoints),
        "host": socket.gethostname(),
        "user": _user(),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Return the sha256 (hex) of all source files that make results; it shows local changes."""
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parents[1]
    for package in _PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            digest.update(f"{path.relative_to(root).as_posix()}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return str(os.getuid())
