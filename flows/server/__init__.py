"""The Prefect server of a command: its settings, its start, and its end."""
