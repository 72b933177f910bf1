"""Parts of a report as artifacts of the flow run, for Prefect's web interface."""

import asyncio
import base64
import logging
import time
from collections.abc import Mapping

import httpx
from prefect.artifacts import MarkdownArtifact

logger = logging.getLogger("maskrnn.run")

_DELAYS = (1.0, 3.0, 8.0, 20.0)
"""Seconds before each further attempt: a server that is started again answers within them."""


def publish(key: str, markdown: str, pictures: Mapping[str, bytes]) -> None:
    """Show a section with its pictures, which travel inside; called in a synchronous task.

    The report has the section, too: a server that does not answer costs a warning, not the run.

    Args:
        key: lowercase letters, digits and dashes; versions of one key are listed together.
        markdown: links pictures as `![name](name)`.
        pictures: PNG files by those names.
    """
    for name, data in pictures.items():
        inside = f"data:image/png;base64,{base64.b64encode(data).decode()}"
        markdown = markdown.replace(f"]({name})", f"]({inside})")
    artifact = MarkdownArtifact(markdown=markdown, key=key)
    for delay in (*_DELAYS, None):
        try:
            asyncio.run(artifact.acreate())  # the synchronous way leaves its connection open
            return
        except httpx.TransportError as error:
            if delay is None:
                logger.warning(
                    "%s is in the report alone: the Prefect server does not answer (%s)", key, error
                )
                return
            time.sleep(delay)
