"""Memory and cores under control groups of both versions, resource limits and affinity."""

import json
import math
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.machine_limits import ADDRESS_SPACE, MACHINE, core_limit, memory_limit

MIB = 2**20
UNLIMITED_V1 = 2**63 - 4096


def tree(root: Path, cgroup: str, mountinfo: str, files: dict[str, str]) -> Path:
    """A file system with this process's control groups, and no more."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(cgroup)
    (root / "proc/self/mountinfo").write_text(mountinfo)
    for name, content in files.items():
        file = root / "sys/fs/cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return root


def v2(root: Path, path: str, files: dict[str, str], within: str = "/") -> Path:
    mount = f"29 23 0:26 {within} /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate"
    return tree(root, f"0::{path}\n", f"22 1 8:1 / / rw - ext4 /dev/sda rw\n{mount}\n", files)


def v1(root: Path, path: str, files: dict[str, str], within: str = "/") -> Path:
    mounts = [
        f"32 31 0:29 {within} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
        f"35 31 0:32 {within} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
        f"37 31 0:34 {within} /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd",
    ]
    groups = f"4:memory:{path}\n2:cpu,cpuacct:{path}\n1:name=systemd:{path}\n0::/\n"
    return tree(root, groups, "\n".join(mounts) + "\n", files)


def test_version_2_in_a_container(tmp_path: Path) -> None:
    root = v2(tmp_path, "/", {"memory.max": f"{600 * MIB}\n", "cpu.max": "50000 100000\n"})
    memory, cores = memory_limit(root), core_limit(root)
    assert (memory.amount, memory.source) == (
        600 * MIB,
        str(root / "sys/fs/cgroup/memory.max"),
    )
    assert (cores.amount, cores.source) == (0.5, str(root / "sys/fs/cgroup/cpu.max"))


def test_version_2_an_ancestor_holds_the_limit(tmp_path: Path) -> None:
    files = {
        "user.slice/memory.max": f"{700 * MIB}\n",
        "user.slice/cpu.max": "150000 100000\n",
        "user.slice/job/memory.max": "max\n",
        "user.slice/job/memory.high": f"{900 * MIB}\n",
        "user.slice/job/cpu.max": "max 100000\n",
        "other/memory.max": "1\n",
    }
    root = v2(tmp_path, "/user.slice/job", files)
    assert memory_limit(root).amount == 700 * MIB
    assert core_limit(root).amount == min(1.5, len(os.sched_getaffinity(0)))


def test_version_2_that_slows_down_before_it_ends(tmp_path: Path) -> None:
    root = v2(tmp_path, "/job", {"job/memory.max": f"{800 * MIB}", "job/memory.high": f"{MIB}"})
    assert memory_limit(root).source.endswith("job/memory.high")


def test_version_1_with_an_ancestor(tmp_path: Path) -> None:
    files = {
        "memory/memory.limit_in_bytes": f"{UNLIMITED_V1}\n",
        "memory/docker/memory.limit_in_bytes": f"{512 * MIB}\n",
        "memory/docker/a1/memory.limit_in_bytes": f"{UNLIMITED_V1}\n",
        "cpu,cpuacct/docker/a1/cpu.cfs_quota_us": "25000\n",
        "cpu,cpuacct/docker/a1/cpu.cfs_period_us": "100000\n",
        "cpu,cpuacct/docker/cpu.cfs_quota_us": "-1\n",
        "cpu,cpuacct/docker/cpu.cfs_period_us": "100000\n",
    }
    root = v1(tmp_path, "/docker/a1", files)
    assert memory_limit(root).amount == 512 * MIB
    assert memory_limit(root).source.endswith("memory/docker/memory.limit_in_bytes")
    assert core_limit(root).amount == 0.25


def test_version_1_as_docker_mounts_it(tmp_path: Path) -> None:
    """Paths are the host's, the container's own group is what is mounted."""
    files = {
        "memory/memory.limit_in_bytes": f"{600 * MIB}\n",
        "cpu,cpuacct/cpu.cfs_quota_us": "50000\n",
        "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    }
    root = v1(tmp_path, "/docker/a1", files, within="/docker/a1")
    assert memory_limit(root).amount == 600 * MIB
    assert core_limit(root).amount == 0.5


def test_a_path_outside_of_the_mount_means_the_mount(tmp_path: Path) -> None:
    assert memory_limit(v2(tmp_path, "/../other", {"memory.max": f"{MIB}"})).amount == MIB


def test_both_versions_at_once(tmp_path: Path) -> None:
    root = v1(tmp_path, "/job", {"memory/job/memory.limit_in_bytes": f"{512 * MIB}"})
    with (root / "proc/self/mountinfo").open("a") as mounts:
        mounts.write("38 31 0:35 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n")
    assert memory_limit(root).amount == 512 * MIB
    (root / "sys/fs/cgroup/unified").mkdir()
    (root / "sys/fs/cgroup/unified/memory.max").write_text(f"{256 * MIB}")
    assert memory_limit(root).amount == 256 * MIB


@pytest.mark.parametrize(
    "files",
    [{}, {"memory.max": "max\n", "cpu.max": "max 100000\n"}, {"memory.max": "", "cpu.max": "?"}],
)
def test_no_limit_leaves_the_machine(tmp_path: Path, files: dict[str, str]) -> None:
    root = v2(tmp_path, "/", files)
    assert memory_limit(root).source == MACHINE
    assert memory_limit(root).amount == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert core_limit(root).amount == len(os.sched_getaffinity(0))


def test_without_control_groups(tmp_path: Path) -> None:
    assert memory_limit(tmp_path).source == MACHINE
    assert core_limit(tmp_path).amount == len(os.sched_getaffinity(0))


@given(st.lists(st.none() | st.integers(1, 2**40), min_size=1, max_size=5))
def test_the_smallest_of_group_and_ancestors_holds(
    tmp_path_factory: pytest.TempPathFactory, limits: list[int | None]
) -> None:
    files = {
        "/".join(["g"] * depth + ["memory.max"]): "max" if limit is None else str(limit)
        for depth, limit in enumerate(limits)
    }
    root = v2(tmp_path_factory.mktemp("tree"), "/g" * (len(limits) - 1) or "/", files)
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert memory_limit(root).amount == min([physical, *(x for x in limits if x is not None)])


PROBE = """
import json
from storage.machine_limits import core_limit, memory_limit
from tasks.machine.resources import plan_workers, this_machine
memory, cores = memory_limit(), core_limit()
figures = [memory.amount, memory.source, cores.amount, cores.source]
print(json.dumps([*figures, len(plan_workers(this_machine()))]))
"""


def test_address_space_of_a_real_process() -> None:
    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (10**9, resource.RLIM_INFINITY))

    done = subprocess.run(
        [sys.executable, "-c", PROBE], preexec_fn=bounded, capture_output=True, check=True
    )
    memory, source, _, _, workers = json.loads(done.stdout)
    assert (memory, source, workers) == (10**9, ADDRESS_SPACE, 1)


@pytest.mark.parametrize("megabytes", [300, 600, 1000, 2000, 3000])
def test_the_doctor_names_the_limit_of_the_address_space(megabytes: int) -> None:
    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 10**6, resource.RLIM_INFINITY))

    doctor = [sys.executable, "-m", "flows.cli.app", "doctor"]
    done = subprocess.run(doctor, preexec_fn=bounded, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "ulimit -v unlimited" in " ".join((done.stdout + done.stderr).split())


@pytest.fixture
def groups() -> Iterator[dict[str, Path]]:
    """Real control groups for memory and CPU time, of either version; skips without the right."""
    version_1 = Path("/sys/fs/cgroup/memory")
    tops = {"memory": Path("/sys/fs/cgroup"), "cpu": Path("/sys/fs/cgroup")}
    if version_1.is_dir():
        tops = {"memory": version_1, "cpu": Path("/sys/fs/cgroup/cpu")}
    made = {name: top / f"maskrnn-test-{os.getpid()}" for name, top in tops.items()}
    try:
        for folder in made.values():
            folder.mkdir(exist_ok=True)
        if version_1.is_dir():
            (made["memory"] / "memory.limit_in_bytes").write_text(str(600 * MIB))
            (made["cpu"] / "cpu.cfs_quota_us").write_text("50000")
        else:
            (made["memory"] / "memory.max").write_text(str(600 * MIB))
            (made["cpu"] / "cpu.max").write_text("50000 100000")
    except OSError as error:
        remove(made)
        pytest.skip(f"no control group can be made here: {error}")
    yield made
    remove(made)


def remove(groups: dict[str, Path]) -> None:
    for folder in groups.values():
        if folder.is_dir():
            folder.rmdir()


def within(groups: dict[str, Path], command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command in control groups."""
    join = "; ".join(f"echo $$ > {folder}/cgroup.procs" for folder in set(groups.values()))
    script = f'{join}; exec "$@"'
    return subprocess.run(
        ["sh", "-c", script, "sh", *command], capture_output=True, text=True, check=False
    )


def test_a_real_control_group(groups: dict[str, Path]) -> None:
    done = within(groups, [sys.executable, "-c", PROBE])
    assert done.returncode == 0, done.stderr
    memory, source, cores, _, workers = json.loads(done.stdout)
    assert (memory, cores, workers) == (600 * MIB, 0.5, 1)
    assert source.startswith(str(groups["memory"]))


def test_a_run_is_refused_in_a_container_of_600_megabytes(
    groups: dict[str, Path], tmp_path: Path
) -> None:
    run = ["-m", "flows.cli.app", "benchmark", "--store", str(tmp_path), "--compare", ""]
    done = within(groups, [sys.executable, *run])
    assert done.returncode == 2, done.stderr
    told = " ".join(done.stderr.split())
    assert "by lucid needs about" in told
    assert f"{groups['memory']}/memory." in told
    assert "sets a limit of 0.6 GB" in told
    assert list(tmp_path.iterdir()) == []


def test_dask_finds_no_less_on_this_machine() -> None:
    """Dask looks at the same limits, but at fewer places."""
    from dask.system import cpu_count
    from distributed.system import memory_limit as memory_limit_of_dask

    assert math.ceil(core_limit().amount) <= cpu_count()
    assert memory_limit().amount <= memory_limit_of_dask()
