"""Options of where and how precisely to compute."""

from dataclasses import dataclass
from typing import Literal

from maskrnn_core.errors import InvalidInputError
from maskrnn_core.options.strict import STRICT


@dataclass(frozen=True)
class ComputeOptions:
    """Where and how precisely; part of no key but that of results it changes."""

    __pydantic_config__ = STRICT

    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    threads: int | None = None
    """CPU threads of the process; None leaves torch's choice."""
    processes: int = 1
    """Of offline training: they share the `accumulate` batches of each step; every one has a CUDA
    device of its own, or a part of the cores."""

    def __post_init__(self) -> None:
        """Raise InvalidInputError for what cannot compute."""
        if self.processes < 1:
            raise InvalidInputError(f"processes={self.processes}: training takes 1 process or more")
