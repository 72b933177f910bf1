"""Archives: every row of a manifest segmented on some worker, at any number of rows."""
