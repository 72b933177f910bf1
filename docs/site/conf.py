"""Settings of Sphinx for the documentation site; `make docs` builds it from the repository's root.

The pages are the Markdown files that GitHub shows, too. Python pages are made of docstrings.
"""

from typing import Any

project = "MaskRNN"
author = copyright = "The MaskRNN maintainers"
root_doc = "docs/site/index"
include_patterns = ["docs/site/*.md", "docs/*.md", "CONTRIBUTING.md", "CHANGELOG.md"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 4
highlight_language = "none"  # blocks of the pages are commands, Python or output
default_role = "code"  # `name` in a docstring

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_preserve_defaults = True
add_module_names = False

html_theme = "pydata_sphinx_theme"
html_title = "MaskRNN"
html_show_sphinx = False
html_theme_options = {
    "navbar_align": "left",
    "navbar_center": [],
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
templates_path = ["templates"]
html_sidebars = {"**": ["pages.html"]}


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", keep_colons, priority=400)  # before napoleon


def keep_colons(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Napoleon takes what stands before a colon in the docstring of an attribute for its type."""
    if what in ("attribute", "property", "data") and lines:
        lines[0] = lines[0].replace(": ", " \N{EN DASH} ")
