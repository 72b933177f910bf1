"""Prefect stays quiet and on this machine, in its own temporary home, for all tests."""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from flows.server.environment import prepare_environment
from tests.s3 import S3Server, new_bucket, using

_HOME = tempfile.mkdtemp(prefix="maskrnn-prefect-")
os.environ["PREFECT_HOME"] = _HOME
os.environ["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] = "240"
prepare_environment(debug=False)
logging.getLogger("maskrnn").propagate = True  # for caplog
# A machine that does other things besides is no reason to fail.
settings.register_profile("maskrnn", deadline=None)
settings.load_profile("maskrnn")


@pytest.fixture(scope="session", autouse=True)
def prefect_home() -> Iterator[Path]:
    """Prefect's temporary home, removed at the end."""
    yield Path(_HOME)
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """A temporary server; it takes ten seconds to start, once."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=240):
        yield


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """An S3-compatible server. The environment of a process decides whether it uses the server."""
    server = S3Server()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def bucket(s3_server: S3Server) -> Iterator[str]:
    """URL of an empty bucket; this process uses the server until the test ends."""
    with using(s3_server.environment):
        yield new_bucket()
