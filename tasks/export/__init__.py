"""Writes results into a folder that the user named: formats, overlays, a user's own video."""
