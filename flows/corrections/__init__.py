"""Holds the commands that correct results: `suggest` names frames, `correct` adds masks to them.

What runs after that belongs to `runs`.
"""
