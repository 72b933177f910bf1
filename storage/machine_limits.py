"""Reads the memory and CPU time that a process may use: of the machine, or less by a limit.

Containers and batch systems set limits by control groups: version 1 has one hierarchy of folders
per controller, version 2 one for all. The limits of a group's ancestors apply to it too.
"""

import os
import resource
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_ROOT = Path("/")

MACHINE = "the machine"
"""Source if only the machine sets the limit."""

ADDRESS_SPACE = "RLIMIT_AS (ulimit -v)"
"""Source of the limit of a process's address space."""


@dataclass(frozen=True)
class Limit:
    """An upper bound and its source.

    Args:
        amount: bytes of memory, or CPU cores, which may be a fraction.
        source: for people; a file of a control group, or the name of another kind of limit.
    """

    amount: float
    source: str


def memory_limit(root: Path = _ROOT) -> Limit:
    """Return the smallest memory limit, in bytes: machine, address space and control groups.

    Args:
        root: of the file system in which to look for control groups.
    """
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    found = [Limit(physical, MACHINE), *_group_limits(root, "memory", _memory_of)]
    address_space, _ = resource.getrlimit(resource.RLIMIT_AS)
    if address_space != resource.RLIM_INFINITY:
        found.append(Limit(address_space, ADDRESS_SPACE))
    return min(found, key=lambda limit: limit.amount)


def core_limit(root: Path = _ROOT) -> Limit:
    """Return the smallest limit of CPU cores: machine, affinity and quotas of control groups.

    Args:
        root: as for `memory_limit`.
    """
    cores = os.cpu_count() or 1
    found = [Limit(cores, MACHINE), *_group_limits(root, "cpu", _cores_of)]
    if hasattr(os, "sched_getaffinity"):
        found.append(Limit(len(os.sched_getaffinity(0)), "CPU affinity"))
    return min(found, key=lambda limit: limit.amount)


def address_space_cure() -> str:
    """Return what to do if a limit stops a library from loading or memory from being allocated.

    Empty if the address space has no limit that could be the cause.
    """
    limit = memory_limit()
    if limit.source != ADDRESS_SPACE:
        return ""
    return (
        f"{limit.source} allows {limit.amount / 1e9:.1f} GB of address space, and the libraries "
        "take about 4 GB of it: lift the limit (`ulimit -v unlimited`)"
    )


def _memory_of(group: Path) -> Iterator[Limit]:
    # Above memory.high the kernel slows a group down instead of ending its processes.
    for name in ("memory.max", "memory.high", "memory.limit_in_bytes"):
        for size in _numbers(group / name)[:1]:
            yield Limit(size, str(group / name))


def _cores_of(group: Path) -> Iterator[Limit]:
    # Quota and period: in one file in version 2, in two in version 1.
    for names in (["cpu.max"], ["cpu.cfs_quota_us", "cpu.cfs_period_us"]):
        numbers = [number for name in names for number in _numbers(group / name)]
        if len(numbers) == 2 and min(numbers) > 0:
            yield Limit(numbers[0] / numbers[1], str(group / names[0]))


def _numbers(file: Path) -> list[int]:
    """Return the numbers in a file; none if it is missing or says "max"."""
    try:
        return [int(word) for word in file.read_text().split()]
    except (OSError, ValueError):
        return []


def _group_limits(
    root: Path, controller: str, limits_of: Callable[[Path], Iterator[Limit]]
) -> Iterator[Limit]:
    for group in _groups(root, controller):
        yield from limits_of(group)


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Yield folders of this process's control groups that can hold limits of a controller.

    The group itself comes first, then its ancestors, if they are mounted here.
    """
    paths = _paths(root)
    for mount_root, point, controllers in _mounts(root):
        path = paths.get("" if controllers is None else controller)
        if path is None or not (controllers is None or controller in controllers):
            continue
        top = root / point.relative_to("/")
        # A container may see its path outside of the mounted part: then the mount is its group.
        inside = path.is_relative_to(mount_root) and ".." not in path.parts
        below = path.relative_to(mount_root) if inside else PurePosixPath()
        for ancestor in (below, *below.parents):
            yield top / ancestor


def _paths(root: Path) -> dict[str, PurePosixPath]:
    """Return the path of this process's group by controller; version 2 has an empty name."""
    paths = {}
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            paths[controller] = PurePosixPath(path)
    return paths


def _mounts(root: Path) -> Iterator[tuple[PurePosixPath, PurePosixPath, list[str] | None]]:
    """Yield for each mount: root in the hierarchy, mount point, controllers (None: version 2)."""
    for line in _lines(root / "proc/self/mountinfo"):
        place, _, kind = line.partition(" - ")
        within, point = (PurePosixPath(_unescaped(word)) for word in place.split()[3:5])
        system, _, options = kind.split(" ", 2)
        if system == "cgroup2":
            yield within, point, None
        elif system == "cgroup":
            yield within, point, options.split(",")


def _unescaped(word: str) -> str:
    return word.replace("\\040", " ")


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
