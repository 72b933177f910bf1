"""Prefect flows: the driver of a run, the order of its stages, archives, reruns, reports."""
