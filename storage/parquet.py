"""Parquet as pandas data frames, read by the calling thread alone."""

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def read_parquet(data: bytes) -> "pd.DataFrame":
    """The table of a Parquet file.

    Arrow's threads are not used: a process that ends while they stop may abort or never end
    (apache/arrow issues 34314 and 50482).

    Raises:
        ValueError, OSError: not a Parquet file, or a damaged one.
    """
    from pyarrow.parquet import ParquetFile

    with ParquetFile(io.BytesIO(data), pre_buffer=False) as file:
        table: pd.DataFrame = file.read(use_threads=False).to_pandas(use_threads=False)
    return table
