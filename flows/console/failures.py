"""Decides which errors the user can correct."""

from pydantic import ValidationError

from storage.errors import (
    DatasetError,
    InvalidAddressError,
    InvalidNameError,
    MissingArtifactError,
    NewerSchemaError,
    OccupiedOutputError,
    StorageError,
)
from tasks.dask_bridge.unit_run import CORE_ERRORS, CORE_INPUT_ERRORS
from tasks.errors import ParameterError, TaskError

_BAD_INPUT = (
    ParameterError,
    DatasetError,
    InvalidAddressError,
    InvalidNameError,
    MissingArtifactError,
    NewerSchemaError,
    OccupiedOutputError,
    ValidationError,
    *CORE_INPUT_ERRORS,
)


def is_bad_input(error: BaseException) -> bool:
    """Whether the error comes from parameters, data sets or addresses that cannot be used."""
    return isinstance(error, _BAD_INPUT)


def is_expected(error: BaseException) -> bool:
    """Whether the message of the error says everything, so that no traceback is needed."""
    return is_bad_input(error) or isinstance(error, StorageError | TaskError | CORE_ERRORS)
