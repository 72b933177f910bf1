"""How options that arrive from outside are checked."""

STRICT = {"extra": "forbid"}
"""Read by pydantic: an unknown name is refused."""
