"""Describes as plain values what a run would reuse and compute, and what its results are.

Nothing here computes a result or writes to the store.
"""
