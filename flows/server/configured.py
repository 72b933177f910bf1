"""Finds the Prefect server that is configured; loads Prefect only if there may be one."""

import os
import sys
from pathlib import Path

_HERE = {".env": b"prefect_api_url", "prefect.toml": b"api", "pyproject.toml": b"tool.prefect"}
"""Files of the working folder in which Prefect looks for settings, and what names a server there.
"""


def server_url() -> str | None:
    """Return PREFECT_API_URL, from the environment or from Prefect's own files; None without it."""
    if "prefect" not in sys.modules and not may_be_configured():
        return None
    from prefect.settings import PREFECT_API_URL

    return PREFECT_API_URL.value() or None


def may_be_configured() -> bool:
    """Whether the environment or a file that Prefect reads may name a server.

    If it names none after all, Prefect is loaded in vain. No server is missed.
    """
    if os.environ.get("PREFECT_API_URL") or os.environ.get("PREFECT_PROFILE"):
        return True
    named_here = any(sign in _lower(Path(name)) for name, sign in _HERE.items())
    return named_here or _names_server(_lower(_profiles()))


def _profiles() -> Path:
    given = os.environ.get("PREFECT_PROFILES_PATH")
    home = Path(os.environ.get("PREFECT_HOME") or "~/.prefect")
    return Path(given) if given else home / "profiles.toml"


def _names_server(profiles: bytes) -> bool:
    """Whether a file of profiles has an address, or activates a profile that may have one."""
    other = b"active" in profiles and b'active = "ephemeral"' not in profiles
    return b"api_url" in profiles or other


def _lower(file: Path) -> bytes:
    try:
        return file.expanduser().read_bytes().lower()
    except (OSError, RuntimeError):  # RuntimeError: a user without a home
        return b""
