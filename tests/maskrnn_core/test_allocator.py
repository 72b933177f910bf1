"""Memory that a process keeps after it was freed, as glibc counts it."""

import os
import subprocess
import sys

import pytest

_PROGRAM = """
import ctypes, sys
import numpy as np
from maskrnn_core.allocator import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
arrays = [np.ones(4_000_000, np.float32) for _ in range(3)]
del arrays
names = ["arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks"]
class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in [*names, "fordblks", "keepcost"]]
mallinfo = ctypes.CDLL(None).mallinfo2
mallinfo.restype = Info
print(mallinfo().fordblks)
"""


def _kept(how: str) -> int:
    """Bytes that are free and still the process's, where Dask's allocator settings hold."""
    command = [sys.executable, "-c", _PROGRAM, how]
    environment = {**os.environ, "MALLOC_TRIM_THRESHOLD_": "65536"}
    result = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=120, env=environment
    )
    return int(result.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="these are parameters of glibc")
def test_freed_memory_is_kept_for_the_next_tensor() -> None:
    three_arrays = 3 * 4_000_000 * 4
    assert _kept("keep") >= three_arrays
    assert _kept("default") < three_arrays / 4
