"""Object ids of an image with a palette, which an editor may have reordered."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.datasets.masks.palette import COLOUR_IDS, PALETTE, Colour
from storage.datasets.source import UInt8Array
from storage.errors import DatasetError

PaletteArray = NDArray[np.uint8]
"""RGBA of every index, uint8 (N, 4)."""

_DARK, _WHITE = 32, 250
_OPAQUE = 128
_OWN_COLOURS = 22  # as many as the DAVIS palette has before its greys


def present(values: NDArray[Any]) -> list[int]:
    """Byte values that occur, ascending; a few passes over bytes, much faster than np.unique."""
    left, found = values.tobytes(), []
    while left:
        found.append(left[0])
        left = left.translate(None, left[:1])
    return sorted(found)


def ids_of_indices(
    values: UInt8Array, palette: PaletteArray | None, name: str, *, by_colour: bool = False
) -> UInt8Array:
    """Label map of palette indices: the index is the id, unless the palette was sorted anew.

    The palette was sorted anew if an index other than 0 is black or transparent and index 0 is
    neither. Then black is the background. A single other colour is object 1; several must be DAVIS
    colours.

    Args:
        values: indices, uint8 (H, W).
        palette: colours; None if the file has none.
        name: name of the file, for messages.
        by_colour: whether to take the ids from the colours if all of them are DAVIS colours.

    Raises:
        DatasetError: the palette was sorted anew and does not show the ids.
    """
    if palette is None or _is_davis(palette):
        return values
    used = [index for index in present(values) if index < len(palette)]
    clear = {index for index in used if palette[index, 3] < _OPAQUE}
    background = _background([index for index in used if index not in clear], palette, name)
    if clear and clear != {0} and len(clear) < len(used):
        background = -1  # transparent pixels
    if background == 0 and not by_colour:
        return values
    others = [index for index in used if index != background and index not in clear]
    ids = {index: COLOUR_IDS.get(_colour(palette, index), 0) for index in others}
    known = all(ids.values()) and len(set(ids.values())) == len(ids)
    if background == 0 and not (known and _colour(palette, 0) == (0, 0, 0)):
        return values
    if len(others) == 1 and not known:
        ids, known = {others[0]: 1}, True
    if not known:
        raise DatasetError(
            f"{name} has a palette that was sorted anew: index 0 is not the background, and "
            f"index {others[0]} has the colour {_colour(palette, others[0])}, which is not in the "
            "DAVIS palette. Save the mask as a palette PNG whose index is the object id and whose "
            "index 0 is the background."
        )
    table = np.zeros(256, np.uint8)
    for index, label in ids.items():
        table[index] = label
    return table[values]


def _is_davis(palette: PaletteArray) -> bool:
    count = min(len(palette), _OWN_COLOURS)
    return palette[:count, :3].tolist() == [list(colour) for colour in PALETTE[:count]] and bool(
        (palette[:, 3] == 255).all()
    )


def _background(used: list[int], palette: PaletteArray, name: str) -> int:
    """The index that is background."""
    others = [index for index in used if index != 0]
    first_is_dark = int(palette[0, :3].max()) <= _DARK
    if palette[0, 3] < _OPAQUE or (0 in used and first_is_dark):
        return 0
    dark = sorted((int(palette[i, :3].max()), i) for i in others if palette[i, :3].max() <= _DARK)
    if dark and not first_is_dark:
        return dark[0][1]
    black = [index for level, index in dark if level == 0]
    if len(black) == 1 and len(others) > 1:  # index 0 is black, too, but no pixel has it
        return black[0]
    white = [i for i in others if 0 in used and int(palette[i, :3].min()) >= _WHITE]
    if white and not first_is_dark and int(palette[0, :3].min()) < _WHITE:
        raise DatasetError(
            f"{name} has a palette without black: index 0 has the colour {_colour(palette, 0)} and "
            f"index {white[0]} is white, so either may be the background. Save "
            "the mask as a palette PNG whose index 0 is the background."
        )
    return 0


def _colour(palette: PaletteArray, index: int) -> Colour:
    red, green, blue = palette[index, :3].tolist()
    return red, green, blue
