"""Sections of a report on a Prefect server that comes and goes."""

import logging
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prefect.artifacts import ImageArtifact, LinkArtifact, MarkdownArtifact, TableArtifact

from tasks.retries import server_outage
from tasks.run.prefect_artifacts import publish, publish_file, publish_picture, publish_table
from tests.processes import free_port
from tests.retries import retry_at_once


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    retry_at_once(monkeypatch)
    run = uuid4()
    monkeypatch.setattr(server_outage, "_flow_run", lambda: run)


def test_a_server_that_does_not_answer_costs_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def create(artifact: MarkdownArtifact) -> None:
        async with httpx.AsyncClient() as client:
            await client.post(f"http://127.0.0.1:{free_port()}/api/artifacts/")

    monkeypatch.setattr(MarkdownArtifact, "acreate", create)
    with caplog.at_level(logging.WARNING, "maskrnn.run"):
        publish("figures", "text", {})
        publish("curves", "text", {})
    (warning,) = caplog.messages
    assert "the run continues without it" in warning


def test_a_server_that_is_back_soon_gets_the_section_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[str] = []
    attempts: list[str] = []

    async def create(artifact: MarkdownArtifact) -> None:
        attempts.append(str(artifact.key))
        if len(attempts) < 3:
            raise httpx.ConnectError("refused")
        sent.append(str(artifact.markdown))

    monkeypatch.setattr(MarkdownArtifact, "acreate", create)
    publish("figures", "![a.png](a.png)", {"a.png": b"picture"})
    assert sent == ["![a.png](data:image/png;base64,cGljdHVyZQ==)"]
    assert len(attempts) == 3
    assert "continues without it" not in caplog.text


def test_outside_of_a_flow_run_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_outage, "_flow_run", lambda: None)
    monkeypatch.setattr(MarkdownArtifact, "acreate", None)  # a call would be an error
    publish("figures", "text", {})


def test_what_the_server_refuses_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async def create(artifact: MarkdownArtifact) -> None:
        raise ValueError("not allowed")

    monkeypatch.setattr(MarkdownArtifact, "acreate", create)
    with pytest.raises(ValueError, match="not allowed"):
        publish("figures", "text", {})


def test_tables_pictures_and_files_have_artifacts_of_their_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []

    async def create(artifact: Any) -> None:
        sent.append((artifact.type, artifact.key, await artifact.aformat()))

    for kind in (TableArtifact, ImageArtifact, LinkArtifact):
        monkeypatch.setattr(kind, "acreate", create)
    picture = tmp_path / "a b.jpg"
    picture.write_bytes(b"picture")
    publish_table("figures", [{"preset": "small", "J": float("nan")}], "told")
    publish_picture("overlays", picture, "told")
    publish_file("page", picture, "report.html")
    assert sent == [
        ("table", "figures", '[{"preset": "small", "J": null}]'),
        ("image", "overlays", "data:image/jpeg;base64,cGljdHVyZQ=="),
        ("markdown", "page", f"[report.html]({picture.as_uri()})"),
    ]
    assert "a%20b.jpg" in sent[2][2]
