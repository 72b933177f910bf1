"""What each kind of artifact contains: videos, optical flow, predictions, checkpoints, tables.

One writer and one reader per kind. How artifacts are published and locked belongs to `store`.
"""
