"""Bytes below one URL: local folders, remote stores, atomic writes, and retrying requests.

Knows files and processes, but no artifacts. What a file means belongs to the rooms above.
"""
