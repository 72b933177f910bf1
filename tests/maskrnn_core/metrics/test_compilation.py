from typing import Any

import numba
import pytest

from maskrnn_core.metrics.compilation import compiled


def test_without_a_place_for_the_cache_kernels_are_compiled_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*, cache: bool = False, **_: Any) -> Any:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: function

    monkeypatch.setattr(numba, "njit", refuse)

    def double(x: int) -> int:
        return 2 * x

    assert compiled(double)(4) == 8
