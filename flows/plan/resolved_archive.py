"""An archive resolved: its manifest checked, and the run that obtains its parent resolved."""

from dataclasses import dataclass

from flows.plan.archive_manifest import checked_manifest
from flows.plan.archive_parameters import ArchiveParameters
from flows.plan.resolved_run import ResolvedRun, resolve
from storage.archive.check import CheckedManifest
from tasks.inputs.configuration import Configuration


@dataclass(frozen=True)
class ResolvedArchive:
    """What the checks and the flow of an archive work from.

    Args:
        parameters: of the archive.
        manifest: its rows that can be used.
        training: the run, part of this one, that obtains the parent; it has the archive's preset
            and optical flow.
    """

    parameters: ArchiveParameters
    manifest: CheckedManifest
    training: ResolvedRun

    @property
    def configuration(self) -> Configuration:
        """The options of the archive's preset."""
        return self.training.main


def resolve_archive(parameters: ArchiveParameters) -> ResolvedArchive:
    """Resolve the method, then check every row of the manifest.

    Raises:
        ParameterError: an unknown preset, option or estimator.
        ManifestError: names every row that cannot be used, and why.
    """
    training = resolve(parameters.training())
    return ResolvedArchive(parameters, checked_manifest(parameters), training)
