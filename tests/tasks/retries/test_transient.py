"""Errors that are retried: connections, time-outs, busy servers, a worker that died once."""

import errno
import logging

import pytest
from prefect import flow
from prefect.client.schemas.objects import State

from storage.errors import DatasetError, StoreAccessError, StoreFullError
from tasks.dask_bridge.unit_run import UnitFailure, run_unit
from tasks.errors import UnitError
from tasks.retries.transient import is_transient
from tasks.run.stage_task import stage_task
from tests.retries import retry_at_once


class ClientError(Exception):
    """An error like botocore's, with the status in its response."""

    def __init__(self, status: int) -> None:
        super().__init__(f"An error occurred ({status})")
        self.response = {"ResponseMetadata": {"HTTPStatusCode": status}}


def raised_from(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError("peer"),
        TimeoutError("60 s"),
        OSError(errno.ESTALE, "stale file handle"),
        ClientError(503),
        ClientError(500),
        raised_from(StoreAccessError("cannot write s3://b/x"), ClientError(503)),
        raised_from(StoreAccessError("cannot write s3://b/x"), TimeoutError("60 s")),
        type("ReadTimeoutError", (Exception,), {"__module__": "botocore.exceptions"})("slow"),
    ],
)
def test_what_may_pass(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        DatasetError("frame 3 is torn"),
        StoreFullError("no space left"),
        raised_from(StoreAccessError("cannot write"), PermissionError(errno.EACCES, "denied")),
        ClientError(403),
        FileNotFoundError("x"),
        MemoryError(),
    ],
)
def test_what_does_not_pass(error: Exception) -> None:
    assert not is_transient(error)


def test_units_tell_whether_their_error_may_pass() -> None:
    def unreachable() -> None:
        raise ConnectionRefusedError("s3")

    failure = run_unit(unreachable, (), "here")
    assert isinstance(failure, UnitFailure)
    assert failure.transient


@pytest.mark.timeout(240)
@pytest.mark.usefixtures("prefect_server")
def test_prefect_tries_again_only_what_may_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    retry_at_once(monkeypatch, 0.05)
    errors = {
        "torn": UnitError("frame 3 is torn", "DatasetError"),
        "store": UnitError("503", "ClientError", transient=True),
        "died": UnitError("killed", "WorkerDied"),
    }
    attempts: list[str] = []

    @stage_task("stage", "stage {video}")
    def stage(video: str) -> None:
        attempts.append(video)
        raise errors[video]

    @flow
    def videos() -> list[State[None]]:
        return [stage.task(video, return_state=True) for video in errors]

    logging.getLogger("prefect").setLevel(logging.CRITICAL)
    state = videos(return_state=True)
    assert state.is_failed()
    assert {video: attempts.count(video) for video in errors} == {"torn": 1, "store": 3, "died": 2}
