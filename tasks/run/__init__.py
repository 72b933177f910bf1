"""Carries out one stage: its record, its lease, its Prefect task, its retries.

The work itself belongs to `units`; the order of stages belongs to `flows/runs`.
"""
