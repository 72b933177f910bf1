"""The manifest of a run, checked before anything is started."""

import logging

from flows.plan.archive_parameters import ArchiveParameters
from storage.archive.check import CheckedManifest, check_manifest
from storage.archive.manifest import read_manifest
from storage.archive.offences import ManifestError, describe_offences

logger = logging.getLogger("maskrnn.run")


def checked_manifest(parameters: ArchiveParameters) -> CheckedManifest:
    """The rows of a manifest that can be used; all of them unless bad ones may be skipped.

    Raises:
        ManifestError: names every row that cannot be used, and why.
    """
    checked = check_manifest(
        read_manifest(parameters.manifest), allow_local=not parameters.is_distrusted
    )
    if checked.offences:
        text = describe_offences(checked.place, checked.rows, checked.offences)
        if not parameters.skip_bad or checked.table.empty:
            raise ManifestError(f"{text}\nMend them, or do the others with --skip-bad.")
        logger.warning("%s\nThey are left out.", text)
    return checked
