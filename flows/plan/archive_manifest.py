"""Checks the manifest of a run before anything starts."""

import logging

from flows.plan.archive_parameters import ArchiveParameters
from storage.archive.check import CheckedManifest, check_manifest
from storage.archive.manifest import read_manifest
from storage.archive.offences import ManifestError, describe_offences

logger = logging.getLogger("maskrnn.run")


def checked_manifest(parameters: ArchiveParameters) -> CheckedManifest:
    """Return the usable rows of a manifest: all rows, unless bad ones may be skipped.

    Raises:
        ManifestError: names every row that cannot be used, with the reason.
    """
    checked = check_manifest(
        read_manifest(parameters.manifest), allow_local=not parameters.is_distrusted
    )
    if checked.offences:
        text = describe_offences(checked.place, checked.rows, checked.offences)
        if not parameters.skip_bad or checked.table.empty:
            raise ManifestError(f"{text}\nCorrect them, or process the other rows with --skip-bad.")
        logger.warning("%s\nThese rows are skipped.", text)
    return checked
