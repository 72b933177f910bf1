"""Pictures for people: palette, overlays, contact sheets."""
