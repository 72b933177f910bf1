"""Channels and strides of the networks, for those who build them and those who only size them.

Without torch, so that a run can be planned before torch is loaded.
"""

STRIDES = (1, 2, 4, 8, 16)
"""Stride of each of VGG's five stages with respect to the input."""
GROUP_SIZE = 8
"""Channels in one group of group normalisation; widths are multiples of it."""
ROI_SIZE = 7
"""Height and width, in cells, of the features that the localization net pools from a box."""
MASK_CELLS = 28
"""As `ROI_SIZE`, where the localization net reads the profiles of masks."""
MASK_CHANNELS = 2
"""The masks that it reads there: the probability, and the warped mask."""

_VGG16 = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


def vgg_channels(width: float) -> tuple[tuple[int, ...], ...]:
    """Channels of the thirteen convolutions, one tuple per stage.

    Args:
        width: relative to VGG-16.
    """
    return tuple(tuple(_scaled(channels, width) for channels in stage) for stage in _VGG16)


def _scaled(channels: int, width: float) -> int:
    return max(GROUP_SIZE, round(channels * width / GROUP_SIZE) * GROUP_SIZE)


def profile_values(cells: int) -> int:
    """How many numbers are read of a square of cells: largest and mean of each row and column."""
    return 4 * cells
