"""Units of work, each the same way: read artifacts, call the core, write an artifact."""
