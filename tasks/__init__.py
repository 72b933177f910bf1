"""Holds the work of a run; each unit reads artifacts, calls the core and writes an artifact."""
