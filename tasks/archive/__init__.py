"""Segments archives: every row of a manifest on some worker, for any number of rows."""
