"""Whether a process lives, also where the system hides the processes of other users."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.files.processes import describe_process, has_ended, process_token, token_has_ended


@pytest.fixture
def child() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_a_living_and_an_ended_process(child: "subprocess.Popen[bytes]") -> None:
    described = describe_process(child.pid)
    assert not has_ended(described)
    assert has_ended({**described, "started": "1"}), "its number was given to another one"
    child.kill()
    child.wait()
    assert has_ended(described)


def test_a_hidden_process_is_alive_until_it_is_gone(
    child: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    described, token = describe_process(child.pid), process_token()
    monkeypatch.setattr("storage.files.processes._PROC", tmp_path)
    assert not has_ended(described)
    assert not token_has_ended(token)
    child.kill()
    child.wait()
    assert has_ended(described)


def test_a_hidden_process_of_another_user_is_alive(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    described = describe_process(os.getpid())

    def refuse(pid: int, signal: int) -> None:
        raise PermissionError(f"{signal} to {pid}")

    monkeypatch.setattr("storage.files.processes._PROC", tmp_path)
    monkeypatch.setattr("os.kill", refuse)
    assert not has_ended(described)


@pytest.mark.parametrize("pid", [2**30, 2**80])
def test_numbers_that_no_process_has(pid: int) -> None:
    assert has_ended({**describe_process(os.getpid()), "pid": pid})
