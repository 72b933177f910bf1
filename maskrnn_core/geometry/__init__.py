"""Boxes, proposals and warping."""
