"""Carries out one training on the store: its videos, its saved state, and its processes."""
