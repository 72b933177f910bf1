"""Every `maskrnn` command and option that a page names exists."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App, CycloptsError

from flows.cli.app import app
from tests.docs.pages import PAGES, ROOT, commands, name_of, options

GUIDES = [page for page in PAGES if page.name != "CHANGELOG.md"]
"""The changelog may name what no longer exists."""

PLACEHOLDERS = {
    "N": "1",
    "SECONDS": "60",
    "[RUN]": "RUN",
    "[STORE]": "STORE",
    "KEY|FILE": "KEY",
    "...": "NAME",
}
"""Words that stand for a value in the pages, and a value of the right type."""
OTHER_PROGRAMS = {"--limit", "--resources", "--device"}
"""Options of Prefect, Dask and `benchmarks/run_packed.py` that the pages name."""


def command_names() -> set[str]:
    """All commands of the command line, without its options."""
    return {name for name in app if not name.startswith("-")}


def option_names() -> set[str]:
    """All options of all commands."""
    return set(_options_of(app))


def _options_of(parser: App) -> Iterator[str]:
    if parser.default_command is not None:
        for argument in parser.assemble_argument_collection():
            yield from argument.names
    for name in parser:
        if not name.startswith("-"):
            yield from _options_of(parser[name])


def error_of(command: list[str], parser: App = app) -> str | None:
    """Why the command line does not accept a command, or None. Nothing is run."""
    tokens = [PLACEHOLDERS.get(token, token) for token in command]
    if tokens[0] == "COMMAND" or tokens[1:] == []:
        return None if tokens[0] in {*command_names(), "COMMAND"} else f"{tokens[0]}: no command"
    try:
        parser.parse_args(tokens, print_error=False, exit_on_error=False)
    except CycloptsError as error:
        return f"maskrnn {' '.join(tokens)}: {error}"
    return None


@pytest.mark.parametrize("page", GUIDES, ids=name_of)
def test_commands_exist(page: Path) -> None:
    assert [found for command in commands(page) if (found := error_of(command))] == []


@pytest.mark.parametrize("page", GUIDES, ids=name_of)
def test_options_exist(page: Path) -> None:
    assert options(page) - option_names() - OTHER_PROGRAMS == set()


def test_the_page_of_the_command_line_lists_every_command() -> None:
    rows = (ROOT / "docs" / "cli.md").read_text().splitlines()
    listed = {row.split("`")[1].split()[0] for row in rows if row.startswith("| `")}
    assert command_names() <= listed


@pytest.mark.parametrize(
    "command", [["trian"], ["train", "--worker", "2"], ["rerun", "RUN", "--workers", "two"]]
)
def test_wrong_commands_are_found(command: list[str]) -> None:
    assert error_of(command) is not None
