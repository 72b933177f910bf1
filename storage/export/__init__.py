"""Predictions as files that other programs read: PNG folders, COCO JSON, video files.

Which predictions are exported, and where to, is decided in `tasks/export`.
"""
