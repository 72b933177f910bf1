"""The store of commands that name none."""

import os

DEFAULT_STORE = "maskrnn-store"


def default_store() -> str:
    """Return $MASKRNN_STORE, or ./maskrnn-store."""
    return os.environ.get("MASKRNN_STORE") or DEFAULT_STORE
