"""The one package that knows Dask: units of work on worker processes, one unit per slot."""

from tasks.dask_bridge.bridge import Bridge

__all__ = ["Bridge"]
