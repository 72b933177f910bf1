"""Masks in JSON files: COCO, YouTube-VIS, SA-V, BURST, labelme and VIA, run lengths and polygons.

Which frame and object a mask belongs to is decided in `masks`.
"""
