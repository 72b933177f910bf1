"""Renders a page from its template. Text of other people is shown, never executed.

Templates escape every value. Data for scripts are JSON without any character that HTML could read
as markup. A Content-Security-Policy lets the browser run only the page's own scripts, and lets
nothing load from a network.
"""

import hashlib
import json
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from tasks.reporting.escaping import visible

_SCRIPTS = ("dom.js", "chart.js", "table.js", "player.js", "page.js")
_UNSAFE = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}
_UNSAFE |= {ord("\u2028"): "\\u2028", ord("\u2029"): "\\u2029"}


def asset(name: str) -> str:
    """Return the text of a file in `assets`."""
    return files("tasks.pages").joinpath("assets", name).read_text(encoding="utf-8")


def render(template: str, **values: Any) -> str:
    """Render a template of `assets`; its scripts, style and values are inside the result."""
    environment = Environment(
        loader=FunctionLoader(asset),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "json": script_json,
        "figure": figure,
        "visible": lambda text: visible(str(text)),
    }
    script = "\n".join(asset(name) for name in _SCRIPTS)
    return environment.get_template(
        template
    ).render(
        script=Markup(script),  # our own files
        style=Markup(asset("page.css")),
        nonce=hashlib.sha256(script.encode()).hexdigest()[:16],
        **values,
    )


def script_json(value: object) -> Markup:
    """Return JSON that may stand inside a script element; NaN becomes null."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.translate(_UNSAFE))


def figure(value: float | None, digits: int = 3) -> str:
    """Return a figure for people; a dash if there is none."""
    return "\N{EN DASH}" if value is None or value != value else f"{value:.{digits}f}"
