"""Remembers the run that this command has begun, for the message of an interruption.

It loads nothing, because an interruption may come while any other module is half loaded.
"""

_commands: list[str] = []


def begun_run(run_id: str, rerun: str) -> None:
    """Remember a run, and the command that completes it."""
    _commands[:] = [run_id, rerun]


def interruption() -> str:
    """Return what was interrupted, and how to go on."""
    again = "the same command continues where this one stopped"
    if not _commands:
        return f"interrupted; {again}"
    run_id, rerun = _commands
    return f"the run {run_id} was interrupted; {again}, and so does `{rerun}`"
