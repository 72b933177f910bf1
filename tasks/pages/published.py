"""Published figures of the paper and of other methods, to be shown beside those of a run."""

import json
from typing import Any

from tasks.pages.rendering import asset


def published_figures(dataset: str) -> dict[str, Any] | None:
    """Return `title` and `methods` for a data set; None if the project has none for it.

    Every method has `name`, `source` and, where they were published, figures by the names of the
    columns of `per_object`.
    """
    found: dict[str, Any] | None = json.loads(asset("published.json")).get(dataset)
    return found
