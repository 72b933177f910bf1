"""Resolves an archive: checks its manifest and resolves the run that obtains its parent."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flows.plan.archive_manifest import checked_manifest
from flows.plan.archive_parameters import ArchiveParameters
from flows.plan.resolved_run import ResolvedRun, resolve
from storage.archive.check import CheckedManifest
from tasks.clip import StreamOptions
from tasks.errors import ParameterError
from tasks.inputs.configuration import Configuration

if TYPE_CHECKING:
    from tasks.archive.rows import ArchiveMethod


@dataclass(frozen=True)
class ResolvedArchive:
    """A resolved archive, the input of its checks and its flow.

    Args:
        parameters: the parameters of the archive.
        manifest: its usable rows.
        training: the run within this one that obtains the parent; it has the archive's preset
            and optical flow.
    """

    parameters: ArchiveParameters
    manifest: CheckedManifest
    training: ResolvedRun

    @property
    def configuration(self) -> Configuration:
        """The configuration of the archive's preset."""
        return self.training.main

    def method(self, parent: str | None) -> "ArchiveMethod":
        """How all rows are segmented; `parent` is the key of the preset's parent, or None."""
        from tasks.archive.rows import ArchiveMethod

        return ArchiveMethod(
            self.training.flow,
            self.configuration.preset,
            self.configuration.compute,
            parent,
            self.parameters.resolution,
            StreamOptions(soft_masks=self.parameters.soft_masks),
        )


def resolve_archive(parameters: ArchiveParameters) -> ResolvedArchive:
    """Resolve the method, then check every row of the manifest.

    Raises:
        ParameterError: an unknown preset, option or estimator.
        ManifestError: names every row that cannot be used, with the reason.
    """
    training = resolve(parameters.training())
    if training.main.preset.inference.backwards:
        raise ParameterError(
            "an archive reads its videos forwards only: remove inference.backwards, or segment the "
            "video by `maskrnn segment`"
        )
    return ResolvedArchive(parameters, checked_manifest(parameters), training)
