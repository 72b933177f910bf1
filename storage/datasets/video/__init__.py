"""Video files: opening them safely, their length and orientation, and their frames in order."""
