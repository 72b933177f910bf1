"""Configures, starts and stops the Prefect server of a command."""
