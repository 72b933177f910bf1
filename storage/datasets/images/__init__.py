"""Image files, read strictly: checks before opening, names, order, orientation, frame sequences."""
