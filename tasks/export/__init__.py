"""Results in a folder that the user named: formats, overlays, results of one's own video."""
