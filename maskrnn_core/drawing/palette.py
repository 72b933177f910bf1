"""The palette of PASCAL VOC and DAVIS."""

import numpy as np

from maskrnn_core.video import UInt8Array


def davis_palette() -> UInt8Array:
    """Colours of the labels 0..255, uint8 (256, 3), RGB: 0 black, 1 dark red, 2 dark green ...

    From the rule of the PASCAL VOC development kit: the bits of the label, three at a time, fill
    red, green and blue from the highest bit down.
    """
    label = np.arange(256)
    palette = np.zeros((256, 3), np.uint8)
    for place in range(8):
        for channel in range(3):
            bit = (label >> (3 * place + channel)) & 1
            palette[:, channel] |= (bit << (7 - place)).astype(np.uint8)
    return palette
