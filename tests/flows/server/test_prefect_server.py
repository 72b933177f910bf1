"""The server that a command uses."""

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.server.prefect_server import provide_server
from tasks.errors import TaskError
from tests.processes import free_port
from tests.retries import retry_at_once


def test_a_server_that_is_named_and_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    retry_at_once(monkeypatch)
    url = f"http://127.0.0.1:{free_port()}/api"
    with (
        temporary_settings({PREFECT_API_URL: url}),
        pytest.raises(TaskError, match=rf"server at {url} does not answer: start it \(`make"),
    ):
        provide_server()


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("prefect_server")
def test_a_server_that_is_named_and_answers_is_taken() -> None:
    provide_server()
    assert PREFECT_API_URL.value()
