"""Streams one clip of any length: decodes, adds optical flow, finds shots, follows objects."""
