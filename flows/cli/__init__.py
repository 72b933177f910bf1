"""The command line: every command with its options. Loads nothing heavy.

What a command does once its options are read belongs to `flows/commands`.
"""
