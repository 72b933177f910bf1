"""Says which argument a command still needs, and what it is."""

from typing import Any

from cyclopts import Argument, CycloptsError, CycloptsPanel, MissingArgumentError


def shown_error(error: CycloptsError) -> Any:
    """Return an error of the command line as it is printed.

    Cyclopts words a missing option as if it had been given without its value. This says instead
    that the command needs it, with the first sentence of its help.
    """
    argument = error.argument
    if not isinstance(error, MissingArgumentError) or argument is None:
        return CycloptsPanel(error)
    if error.keyword is not None or argument.tokens or error.app is None:
        return CycloptsPanel(error)  # the option is there, only its value is missing
    command = " ".join(error.command_chain or ())
    # Cyclopts reads docstrings only for help pages.
    known = error.app.assemble_argument_collection(parse_docstring=True)
    described = next((one for one in known if one.name == argument.name), argument)
    return CycloptsPanel(CycloptsError(msg=f"{command} needs {_described(described)}"))


def _described(argument: Argument) -> str:
    """How to write an argument, and what it is."""
    is_option = argument.index is None
    name = argument.name if is_option else argument.name.removeprefix("--").upper()
    text = " ".join((argument.parameter.help or "").split()).partition(". ")[0].removesuffix(".")
    if is_option and text.startswith("Folder"):
        name += " DIR"
    if name == "RUN":
        text += "; `maskrnn status` lists the runs"
    is_word = not text[1:2].isupper()
    return f"{name}: {text[:1].lower() if is_word else text[:1]}{text[1:]}"
