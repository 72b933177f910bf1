"""Boxes and points in place of drawn masks: their JSON file, and the masks that follow."""
