"""Holds the Prefect flows: driver of a run, order of its stages, archives, reruns, reports."""
