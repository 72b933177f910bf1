"""Declares every command of `maskrnn` with its options, and imports nothing heavy.

What a command does after its options are read belongs to `flows/commands`.
"""
