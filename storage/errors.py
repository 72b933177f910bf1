"""Errors of the store and the dataset readers. Messages say what is wrong, where, what to do."""


class StorageError(Exception):
    """Base of every error that this package raises on purpose."""


class DatasetError(StorageError, ValueError):
    """Files of a dataset are missing, broken or contradict each other."""


class LossyMaskError(DatasetError):
    """A mask of several objects has a format that changes levels and colours, such as JPEG."""


class MissingDatasetError(DatasetError, FileNotFoundError):
    """A dataset root, or a file in it, does not exist."""


class UnknownDatasetError(DatasetError):
    """No reader has this dataset name."""


class UnknownSplitError(DatasetError):
    """The dataset does not list this split."""


class UnknownVideoError(DatasetError):
    """The split does not list this video."""


class InvalidAddressError(StorageError, ValueError):
    """A store URL, an artifact kind, a key or a file name cannot be used."""


class InvalidNameError(StorageError, ValueError):
    """The name of a stage or a record in a run's ledger cannot be read or written."""


class MissingArtifactError(StorageError, FileNotFoundError):
    """An artifact was never completed, or an artifact does not contain a file."""


class CorruptArtifactError(StorageError, ValueError):
    """The bytes of an artifact are not those that were written."""


class NewerSchemaError(StorageError, ValueError):
    """A newer version of this package wrote the artifact or record."""


class IncompleteArtifactError(StorageError, ValueError):
    """Frames or files were missing when an artifact was to be completed; nothing was published."""


class OccupiedOutputError(StorageError, FileExistsError):
    """Results would replace something that this program did not write."""


class StoreFullError(StorageError, OSError):
    """The store has no space left; what was being written has been removed."""


class StoreAccessError(StorageError, OSError):
    """The store cannot be read or written: rights, a file in the way, a missing driver."""


class LeaseLostError(StorageError, RuntimeError):
    """A writer gave no sign of life for so long that another writer took over."""
