"""Masks in every form that people have: label maps, black and white images, JSON, polygons.

Turns files into label maps. Which frame a mask belongs to is decided here too; layouts are not.
"""
