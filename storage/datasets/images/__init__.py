"""Image files, read strictly: checks before opening, names, order, and sequences of frames."""
