"""Compilation of the kernels; only kernel modules import this, for numba takes long to load."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """`function` compiled at its first call, without the GIL, its machine code kept on disk.

    Where neither the package nor the user's cache directory can be written, it is compiled anew
    in every process.
    """
    try:
        return cast(F, numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:  # numba found no directory for its cache
        return cast(F, numba.njit(nogil=True)(function))
