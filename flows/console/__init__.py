"""What all commands share at the terminal: options, tables, errors as messages, exit codes.

What one command does belongs to `commands`.
"""
