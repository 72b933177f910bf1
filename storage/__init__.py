"""Every byte at rest: datasets read, videos, flow, checkpoints, predictions, tables, run ledger.

Import the module you need (`from storage.store.artifacts import ArtifactStore`): the package
itself loads nothing, so that a command line starts fast.
"""
