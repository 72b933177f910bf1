"""What each command does and prints, from checked options to its exit code."""
