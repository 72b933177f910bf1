"""Parts of a report as artifacts of the flow run, for Prefect's web interface."""

import asyncio
import base64
from collections.abc import Mapping

from prefect.artifacts import MarkdownArtifact


def publish(key: str, markdown: str, pictures: Mapping[str, bytes]) -> None:
    """Show a section with its pictures, which travel inside; called in a synchronous task.

    Args:
        key: lowercase letters, digits and dashes; versions of one key are listed together.
        markdown: links pictures as `![name](name)`.
        pictures: PNG files by those names.
    """
    for name, data in pictures.items():
        inside = f"data:image/png;base64,{base64.b64encode(data).decode()}"
        markdown = markdown.replace(f"]({name})", f"]({inside})")
    # The synchronous way leaves its connection open.
    asyncio.run(MarkdownArtifact(markdown=markdown, key=key).acreate())
