"""Ways to damage the bytes of a file."""

import random


def flipped(data: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]


def halved(data: bytes, chance: random.Random) -> bytes:
    return data[: len(data) // 2]


def emptied(data: bytes, chance: random.Random) -> bytes:
    return b""
