"""Where an artifact lies in a store, by its kind and key."""

import re

from storage.errors import InvalidAddressError

_KIND = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_RESERVED_KINDS = {"runs"}  # the run ledger's folder, whose records change


def artifact_place(kind: str, key: str) -> str:
    """Folder of an artifact, relative to the store.

    Raises:
        InvalidAddressError: one of them cannot be a kind or a key.
    """
    check_kind(kind)
    _check(_KEY, key, "an artifact key")
    if kind in _RESERVED_KINDS:
        raise InvalidAddressError(f"{kind} is the folder of the run ledger, not an artifact kind.")
    return f"{kind}/{key}"


def check_kind(kind: str) -> None:
    """Raise InvalidAddressError if this cannot be a kind."""
    _check(_KIND, kind, "an artifact kind")


def is_kind(name: str) -> bool:
    """Whether a folder of a store holds the artifacts of a kind."""
    return _KIND.fullmatch(name) is not None and name not in _RESERVED_KINDS


def is_key(name: str) -> bool:
    """Whether a folder of a kind is an artifact's."""
    return _KEY.fullmatch(name) is not None


def _check(pattern: re.Pattern[str], value: str, what: str) -> None:
    if not pattern.fullmatch(value):
        raise InvalidAddressError(
            f"{value!r} cannot be {what}: it must match {pattern.pattern} (keys are digests)."
        )
