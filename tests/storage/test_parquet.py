"""Parquet without Arrow's threads, which may abort or hang a process that ends."""

import io
import subprocess
import sys

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from storage.parquet import read_parquet

_READS = """
import io, os
import pandas as pd
from storage.parquet import read_parquet

data = pd.DataFrame({"a": range(50), "b": ["x"] * 50}).to_parquet()
read_parquet(data)  # imports what is imported late
before = len(os.listdir("/proc/self/task"))
read_parquet(data)
print(len(os.listdir("/proc/self/task")) - before)
pd.read_parquet(io.BytesIO(data))
print(len(os.listdir("/proc/self/task")) - before, flush=True)
os._exit(0)  # an ordinary end may abort while Arrow's threads stop
"""


@pytest.mark.parametrize("rows", [0, 6])
def test_a_table_is_read_as_pandas_reads_it(rows: int) -> None:
    table = pd.DataFrame(
        {
            "frame": range(6),
            "video": pd.Categorical(["a", "b"] * 3),
            "j": [0.5, None] * 3,
            "text": ["ä", None, ""] * 2,
            "day": pd.date_range("2020-02-27", periods=6, tz="UTC"),
        }
    ).set_index("frame")[:rows]
    data = table.to_parquet()
    assert_frame_equal(read_parquet(data), pd.read_parquet(io.BytesIO(data)))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="threads are counted in /proc")
def test_no_thread_is_left_that_reads() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _READS], capture_output=True, text=True, check=True
    )
    ours, with_arrows_threads = map(int, done.stdout.split())
    assert ours <= 0  # threads that end on their own may go in between
    assert with_arrows_threads > 0


@pytest.mark.parametrize("length", [0, 7, 200])
def test_a_cut_file_is_a_value_or_system_error(length: int) -> None:
    with pytest.raises((ValueError, OSError)):
        read_parquet(pd.DataFrame({"a": range(500)}).to_parquet()[:length])
