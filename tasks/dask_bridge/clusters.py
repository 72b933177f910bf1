"""Starts clusters for the bridge: the local one, or any Dask class by its dotted name."""

import importlib
import logging
from collections.abc import Mapping
from typing import Any

from tasks.errors import ParameterError
from tasks.machine.resources import plan_workers, this_machine

_PACKAGES = {
    "dask_cuda": "dask-cuda",
    "dask_jobqueue": "dask-jobqueue",
    "dask_kubernetes": "dask-kubernetes",
    "dask_cloudprovider": "dask-cloudprovider",
    "dask_gateway": "dask-gateway",
    "coiled": "coiled",
}


def configure_dask() -> None:
    """Set Dask's options for this process and its workers; call before distributed loads."""
    import dask

    dask.config.set(
        {
            # A dead worker is reported as an error of its unit; Dask's own lines add nothing. Not
            # even critical ones: a unit that reports while its run ends makes the scheduler print
            # the traceback of a closed connection.
            "logging.distributed": logging.CRITICAL + 1,
            # A unit that kills its worker fails at once, so that it kills no other worker.
            "distributed.scheduler.allowed-failures": 0,
            # Dask must not give up a killed worker that is slow to restart on a busy machine.
            "distributed.deploy.lost-worker-timeout": "1 hour",
            # The sampling profiler takes up to half a core from units that run for minutes.
            "distributed.worker.profile.enabled": False,
            **{f"distributed.worker.memory.{step}": False for step in ("target", "spill", "pause")},
        }
    )


def start_local_cluster(workers: int | None) -> Any:
    """Start workers by this machine's cores, memory and GPUs; they listen on loopback only."""
    from distributed import Nanny, Scheduler, SpecCluster

    machine = this_machine()
    scheduler = {
        "host": "127.0.0.1",
        "port": 0,
        "dashboard": False,
        "dashboard_address": "127.0.0.1:0",  # otherwise all clusters of a machine want one port
        "allowed_failures": 0,
    }
    common = {
        "host": "127.0.0.1",
        "nthreads": 1,
        "memory_limit": machine.memory,
        "silence_logs": logging.CRITICAL,
        "dashboard": False,
        "preload": ["tasks.dask_bridge.worker_signals"],
    }
    nannies = {
        plan.name: {
            "cls": Nanny,
            "options": {**common, "resources": plan.resources, "env": plan.environment},
        }
        for plan in plan_workers(machine, workers)
    }
    return SpecCluster(  # type: ignore[no-untyped-call]
        scheduler={"cls": Scheduler, "options": scheduler},
        workers=nannies,
        silence_logs=logging.CRITICAL,
    )


def cluster_class(name: str) -> Any:
    """Return the class with a dotted name such as "dask_cuda.LocalCUDACluster".

    Raises:
        ParameterError: there is no such module or class; names the package to install if known.
    """
    module_name, _, class_name = name.rpartition(".")
    if not module_name:
        raise ParameterError(
            f"cluster {name!r} is no class; give a dotted name, such as dask_cuda.LocalCUDACluster"
        )
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        package = _PACKAGES.get(module_name.partition(".")[0])
        cure = f"pip install {package}" if package else "install its package, or correct the name"
        raise ParameterError(f"cluster {name} cannot be loaded ({error}); {cure}") from None
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        raise ParameterError(f"cluster {name}: the module {module_name} has no class {class_name}")
    return found


def start_cluster(name: str, options: Mapping[str, Any], workers: int | None) -> Any:
    """Start a cluster of the class `name`, made with `options`.

    Args:
        name: dotted name of the class.
        options: keyword arguments of the class; one of them, whatever its name in this class, must
            make its workers offer the resources GPU and CPU.
        workers: becomes the option `n_workers`, which every Dask cluster class accepts.

    Raises:
        ParameterError: there is no such class, or it does not accept the options.
    """
    kind = cluster_class(name)
    given = dict(options) if workers is None else {**options, "n_workers": workers}
    try:
        return kind(**given)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"cluster {name} does not start with its options: {error}") from error
