"""An S3-compatible server on this machine, for tests that need a real one."""

import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

_REQUEST = re.compile(r"(GET|HEAD|PUT|POST|DELETE) (\S+) HTTP")


class S3Server:
    """A server with objects in memory that listens on loopback and records its requests."""

    def __init__(self) -> None:
        from moto.server import ThreadedMotoServer  # takes a second

        self._server: Any = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._requests = _Requests()
        self.environment: Mapping[str, str] = {}
        """Environment variables for processes that use the server."""

    def start(self) -> None:
        logger = logging.getLogger("werkzeug")  # it logs a line per request
        logger.setLevel(logging.INFO)
        logger.propagate = False
        logger.handlers[:] = [self._requests]
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.environment = s3_environment(f"http://{host}:{port}")

    def stop(self) -> None:
        self._server.stop()

    def requests(self) -> list[tuple[str, str]]:
        """Method and address of the requests since the last call."""
        found = self._requests.found
        self._requests.found = []
        return found


class _Requests(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        if line := _REQUEST.search(record.getMessage()):
            self.found.append((line[1], line[2]))


def s3_environment(endpoint: str) -> dict[str, str]:
    """Environment variables with which S3's driver finds a server on this machine."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


@contextmanager
def using(environment: Mapping[str, str]) -> Iterator[None]:
    """New sessions of this process use the server until the block ends."""
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def new_bucket() -> str:
    """URL of a new bucket on the server that this process uses."""
    import s3fs

    name = f"bucket-{uuid4().hex}"
    s3fs.S3FileSystem(skip_instance_cache=True).mkdir(name)
    return f"s3://{name}"
