"""A store that cannot be written is refused before anything is read."""

import sys
from pathlib import Path

import pytest

from flows.plan.parameters import BenchmarkParameters
from flows.plan.resolved_run import resolve
from tasks.errors import ParameterError
from tasks.machine.store_fault import store_fault


@pytest.mark.parametrize("place", ["file", "file/store", "link"])
def test_a_store_that_is_a_file_or_lies_below_one(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    store = tmp_path / place
    below = f"would lie below {tmp_path / 'file'}, which " if place == "file/store" else ""
    told = f"the store {store} {below}is a file; name a folder with --store or MASKRNN_STORE"
    with pytest.raises(ParameterError) as refused:
        resolve(BenchmarkParameters(store=str(store), dataset="davis2016", root="/no/such"))
    assert str(refused.value) == told
    assert (tmp_path / "file").read_bytes() == b"mine"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no /proc")
def test_a_store_that_cannot_be_created_is_not_blamed_on_the_disk() -> None:
    assert store_fault("/proc/store").startswith(
        "the store /proc/store cannot be created in /proc:"
    )


def test_the_check_leaves_nothing_behind(tmp_path: Path) -> None:
    for url in (tmp_path / "new" / "store", f"file://{tmp_path / 'new'}", "memory://s", tmp_path):
        assert store_fault(str(url)) == ""
    assert not list(tmp_path.iterdir())


def test_a_store_without_the_right_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write anywhere
    assert store_fault(str(tmp_path)) == f"the store {tmp_path} cannot be written: no permission"
