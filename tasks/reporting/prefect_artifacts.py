"""Publishes parts of a report as artifacts of the flow run, for Prefect's web interface."""

import asyncio
import base64
from collections.abc import Mapping

from tasks.retries.server_outage import asked_again, is_of_the_server, note_outage, shows_in_prefect


def publish(key: str, markdown: str, pictures: Mapping[str, bytes]) -> None:
    """Show a section with its pictures, which are embedded; call it in a synchronous task.

    The report contains the section too. Outside of a flow run nothing is shown; if the server does
    not answer, a warning is logged and the run continues.

    Args:
        key: lowercase letters, digits and dashes; versions of one key are listed together.
        markdown: links pictures as `![name](name)`.
        pictures: PNG files by those names.
    """
    if not shows_in_prefect():
        return
    from prefect.artifacts import MarkdownArtifact

    for name, data in pictures.items():
        inside = f"data:image/png;base64,{base64.b64encode(data).decode()}"
        markdown = markdown.replace(f"]({name})", f"]({inside})")
    artifact = MarkdownArtifact(markdown=markdown, key=key)
    try:
        asked_again(lambda: asyncio.run(artifact.acreate()))  # the synchronous call stays connected
    except Exception as error:
        if not is_of_the_server(error):
            raise
        note_outage(error)
