"""Checks the name that a command gives to a new run."""

import re

from storage.archive.row_ids import ID
from storage.errors import MissingArtifactError
from storage.runs.ledger import RunLedger
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError

_OTHERS = re.compile(r"[^A-Za-z0-9._-]+")


def check_run_id(store_url: str, run_id: str | None) -> None:
    """Refuse a name whose folder would be called otherwise, unless the store has such a run.

    Earlier versions took any name, and their runs can be continued.

    Args:
        store_url: the store of the run.
        run_id: the name that was asked for; None if it follows from the parameters.

    Raises:
        ParameterError: the name has other characters, and there is no such run.
    """
    if run_id is None or ID.fullmatch(run_id) or _exists(store_url, run_id):
        return
    similar = _OTHERS.sub("-", run_id).strip("-._")[:128]
    raise ParameterError(
        f"--run-id {run_id!r}: use at most 128 letters, digits, dots, dashes and underscores, and "
        f"start with a letter or digit, such as {similar or 'my-run'}: it also names a folder"
    )


def _exists(store_url: str, run_id: str) -> bool:
    if not run_id.strip() or not run_id.isprintable():
        return False
    try:
        RunLedger(ArtifactStore(store_url), run_id).info()
    except MissingArtifactError:
        return False
    return True
