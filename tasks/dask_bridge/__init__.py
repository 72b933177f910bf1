"""Runs units on Dask workers, or in this process; the only package that uses Dask."""

from tasks.dask_bridge.bridge import Bridge
from tasks.dask_bridge.in_process import InProcess

__all__ = ["Bridge", "InProcess"]
