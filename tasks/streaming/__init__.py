"""One clip of any length: decoded, given flow, cut into shots and followed, frame by frame."""
