"""Errors of the store and of the dataset readers. Each message names thing, place and cure."""


class StorageError(Exception):
    """Base of every error that this package raises on purpose."""


class DatasetError(StorageError, ValueError):
    """A dataset whose files are missing, broken or contradict each other."""


class LossyMaskError(DatasetError):
    """A mask of several objects in a format that changes levels and colours, such as JPEG."""


class MissingDatasetError(DatasetError, FileNotFoundError):
    """A dataset root, or a file in it, that is not there."""


class UnknownDatasetError(DatasetError):
    """A dataset name for which there is no reader."""


class UnknownSplitError(DatasetError):
    """A split that the dataset does not list."""


class UnknownVideoError(DatasetError):
    """A video that the split does not list."""


class InvalidAddressError(StorageError, ValueError):
    """A store URL, an artifact kind, a key or a file name that cannot be used."""


class InvalidNameError(StorageError, ValueError):
    """A name of a stage or of a record in a run's ledger that cannot be read or written."""


class MissingArtifactError(StorageError, FileNotFoundError):
    """An artifact that was never completed, or a file that an artifact does not hold."""


class CorruptArtifactError(StorageError, ValueError):
    """An artifact whose bytes are not those that were written."""


class NewerSchemaError(StorageError, ValueError):
    """An artifact or record written by a newer version of this package."""


class IncompleteArtifactError(StorageError, ValueError):
    """An artifact of which frames or files are missing at its end; nothing was published."""


class OccupiedOutputError(StorageError, FileExistsError):
    """Results that would take the place of something that this program did not write."""


class StoreFullError(StorageError, OSError):
    """The store has no space left; what was being written has been removed."""


class StoreAccessError(StorageError, OSError):
    """The store cannot be read or written: rights, a file in the way, a missing driver."""


class LeaseLostError(StorageError, RuntimeError):
    """A writer that gave no sign of life for so long that another one took over."""
