"""What a run would reuse and compute, and what it led to, as plain values.

Nothing here computes a result or writes to the store.
"""
