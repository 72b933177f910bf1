"""Holds what all commands share at the terminal: options, tables, error messages, exit codes.

What a single command does belongs to `commands`.
"""
