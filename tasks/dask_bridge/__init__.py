"""Runs units on Dask workers, one unit per slot; the only package that uses Dask."""

from tasks.dask_bridge.bridge import Bridge

__all__ = ["Bridge"]
