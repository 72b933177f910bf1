"""The palette of DAVIS annotations: the colour of each object id."""

Colour = tuple[int, int, int]

_COLOURED = 22
"""Ids below this number have VOC colours; from this id on, DAVIS uses greys."""

_VOC_VOID: Colour = (224, 224, 192)


def _interleaved(label: int) -> Colour:
    """Colour of the PASCAL VOC scheme: three bits of the id at a time set a bit of R, G and B."""
    channels = [0, 0, 0]
    for bit in range(8):
        for channel in range(3):
            channels[channel] |= ((label >> (3 * bit + channel)) & 1) << (7 - bit)
    return channels[0], channels[1], channels[2]


def _davis(label: int) -> Colour:
    if label >= _COLOURED:
        return label, label, label
    red, green, blue = (191 if value == 192 else value for value in _interleaved(label))
    return red, green, blue


PALETTE: tuple[Colour, ...] = tuple(_davis(label) for label in range(256))
"""RGB of every label, as DAVIS 2017 publishes it (191 where VOC has 192)."""

COLOUR_IDS: dict[Colour, int] = {
    **{_interleaved(label): label for label in range(_COLOURED)},
    **{_davis(label): label for label in range(_COLOURED)},
    _VOC_VOID: 255,
}
"""Id of each colour on which the DAVIS and VOC palettes agree, and of the VOC void."""
