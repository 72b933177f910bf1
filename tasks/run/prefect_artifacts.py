"""Publishes parts of a report as artifacts of the flow run, for Prefect's web interface.

Outside of a flow run nothing is shown. If the server does not answer, a warning is logged and the
run continues. Keys consist of lowercase letters, digits and dashes; Prefect lists the versions of
one key together.
"""

import asyncio
import base64
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.retries.server_outage import asked_again, is_of_the_server, note_outage, shows_in_prefect

if TYPE_CHECKING:
    from prefect.artifacts import Artifact


def publish(key: str, markdown: str, pictures: Mapping[str, bytes]) -> None:
    """Show a section with its pictures, which are embedded; call it in a synchronous task.

    Args:
        key: of the artifact.
        markdown: links pictures as `![name](name)`.
        pictures: PNG files by those names.
    """
    for name, data in pictures.items():
        markdown = markdown.replace(f"]({name})", f"]({_embedded('image/png', data)})")

    def artifact() -> "Artifact":
        from prefect.artifacts import MarkdownArtifact

        return MarkdownArtifact(markdown=markdown, key=key)

    _send(artifact)


def publish_table(key: str, rows: Sequence[Mapping[str, Any]], description: str) -> None:
    """Show a table; NaN becomes an empty cell."""

    def artifact() -> "Artifact":
        from prefect.artifacts import TableArtifact

        return TableArtifact(table=[dict(row) for row in rows], key=key, description=description)

    _send(artifact)


def publish_picture(key: str, file: Path, description: str) -> None:
    """Show a PNG or JPEG file, which is embedded."""

    def artifact() -> "Artifact":
        from prefect.artifacts import ImageArtifact

        kind = "image/png" if file.suffix == ".png" else "image/jpeg"
        url = _embedded(kind, file.read_bytes())
        return ImageArtifact(image_url=url, key=key, description=description)

    _send(artifact)


def publish_file(key: str, file: Path, text: str) -> None:
    """Show a link to a file of the machine on which the run was driven."""

    def artifact() -> "Artifact":
        from prefect.artifacts import LinkArtifact

        url = file.resolve().as_uri()
        return LinkArtifact(link=url, link_text=text, key=key, description=str(file.resolve()))

    _send(artifact)


def _embedded(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _send(made: Callable[[], "Artifact"]) -> None:
    if not shows_in_prefect():
        return
    artifact = made()
    try:
        asked_again(lambda: asyncio.run(artifact.acreate()))  # the synchronous call stays connected
    except Exception as error:
        if not is_of_the_server(error):
            raise
        note_outage(error)
