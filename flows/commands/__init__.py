"""Carries out each command: from its checked options to its output and exit code."""
