"""A run that cannot fit on the disk is refused; the error says what is missing and what to do."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from flows.plan import space_check
from flows.plan.machine_check import check_machine, sampled_extent
from flows.plan.parameters import BenchmarkParameters
from flows.plan.resolved_run import resolve
from flows.plan.run_plan import plan_run
from flows.plan.space_check import bytes_needed, most_bytes
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError

Usage = namedtuple("Usage", "total used free")


def parameters(store: Path, **others: object) -> BenchmarkParameters:
    return BenchmarkParameters(store=str(store), preset="paper", **others)  # type: ignore[arg-type]


def needed(chosen: BenchmarkParameters) -> int:
    run = resolve(chosen)
    extent = sampled_extent(run)
    assert extent is not None
    return bytes_needed(run, plan_run(run, ArtifactStore(chosen.store)), extent)


def test_a_full_disk_is_found_before_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    check_machine(resolve(parameters(store)))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9, 10**8))
    with pytest.raises(ParameterError, match=r"about .* GB but .* has 100\.0 MB free.*--force"):
        check_machine(resolve(parameters(store)))
    check_machine(resolve(parameters(store, force=True)))
    assert not store.exists()


def test_dropped_weights_need_no_room_but_those_at_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space_check, "_AT_ONCE", 1)
    kept, main, none = (
        needed(parameters(tmp_path, compare=("small",), keep_weights=policy))
        for policy in ("all", "main", "none")
    )
    assert none < main < kept
    run = resolve(parameters(tmp_path, compare=("small",)))
    extent = sampled_extent(run)
    assert extent is not None
    assert most_bytes(run, extent) >= kept
