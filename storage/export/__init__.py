"""Predictions as files that other programs read: PNG, tables, annotation files, zips, video files.

Which predictions are exported, and where to, is decided in `tasks/export`.
"""
