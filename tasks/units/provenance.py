"""Where a result comes from: what made it, from what, where and when."""

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
    """What goes into the metadata of a result, as a JSON object.

    Args:
        source: video and masks: addresses and digests.
        configuration: all options that were used; its digest is kept.
        checkpoints: digests of weights by what they are.
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
    """sha256 (hex) over the source files that make results, changed ones told from released."""
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
