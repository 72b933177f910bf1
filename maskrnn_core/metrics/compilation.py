"""Compilation of the kernels. Only kernel modules import this, because numba loads slowly."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile `function` at its first call, to run without the GIL; cache the code on disk.

    If neither the package nor the user's cache directory is writable, every process compiles it
    again.
    """
    try:
        return cast(F, numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:  # numba found no directory for its cache
        return cast(F, numba.njit(nogil=True)(function))
