"""Device, precision and threads for this machine."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch

from maskrnn_core.allocator import keep_freed_memory
from maskrnn_core.errors import InvalidInputError
from maskrnn_core.options import ComputeOptions

_MOST_READERS = 8


@dataclass(frozen=True)
class Compute:
    """Where networks run and whether convolutions run in bfloat16."""

    device: torch.device
    bfloat16: bool

    def autocast(self) -> AbstractContextManager[object]:
        """Context in which matrix products run in bfloat16, or a context without effect."""
        if not self.bfloat16:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    @property
    def training_layout(self) -> torch.memory_format:
        """Memory layout in which training is fastest.

        In float32 on a CPU, oneDNN takes the gradient of the weights 2 to 4 times faster from
        contiguous tensors; everything else is faster in channels_last.
        """
        in_float32_on_cpu = self.device.type == "cpu" and not self.bfloat16
        return torch.contiguous_format if in_float32_on_cpu else torch.channels_last

    @property
    def reading_threads(self) -> int:
        """Number of threads that make batches: fewer on a CPU, where training needs the cores."""
        return min(_MOST_READERS, torch.get_num_threads()) if self.device.type == "cuda" else 1


def resolve_compute(options: ComputeOptions) -> Compute:
    """Choose device and precision, and prepare the process: CPU threads and memory.

    "auto" chooses CUDA if there is a device. It chooses bfloat16 where that is faster: on CUDA
    devices that support it, and on CPUs with AMX tiles (2.9x forward, 2.2x training at full width)
    or AVX-512 BF16 (training 1.7x at full width, 1.3x at a quarter of it). On other CPUs bfloat16
    is 2 to 3 times slower than float32.

    Raises:
        InvalidInputError: CUDA was requested, but there is no CUDA device.
    """
    keep_freed_memory()
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    cuda = torch.cuda.is_available()
    if options.device == "cuda" and not cuda:
        raise InvalidInputError("device=cuda, but torch sees no CUDA device; use device=cpu")
    device = torch.device("cuda" if cuda and options.device != "cpu" else "cpu")
    if options.precision == "auto":
        return Compute(device, _gains_from_bfloat16(device))
    return Compute(device, options.precision == "bfloat16")


def _gains_from_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())
