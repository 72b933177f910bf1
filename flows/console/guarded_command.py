"""Runs every command with quiet libraries, errors as messages, and exit codes."""

import errno
from collections.abc import Callable

from flows.console.options import LogOptions, StoreOptions
from flows.plan.default_store import default_store

DONE, FAILED, BAD_INPUT = 0, 1, 2

_AS_USUAL = LogOptions()


def store_url(store: StoreOptions) -> str:
    """Return the store that a command names, or the default store."""
    return store.store or default_store()


def guarded(command: Callable[[], int], log: LogOptions = _AS_USUAL) -> int:
    """Run a command; an error that the user can correct becomes one message and exit code 2."""
    from flows.console.output import print_error
    from flows.server.environment import prepare_environment

    debug = log.debug
    prepare_environment(debug, quiet=log.quiet, log_format=log.log_format)
    try:
        return command()
    except Exception as error:
        # This comes first because there may be too little memory to load the rest.
        if not debug and (cure := _memory_cure(error)):
            print_error(f"{error or type(error).__name__}; {cure}")
            return FAILED
        from flows.console.failures import is_bad_input, is_expected

        if debug or not is_expected(error):
            raise
        print_error(str(error))
        return BAD_INPUT if is_bad_input(error) else FAILED


def _memory_cure(error: Exception) -> str:
    from storage.machine_limits import address_space_cure

    no_memory = isinstance(error, OSError) and error.errno == errno.ENOMEM
    return address_space_cure() if no_memory or isinstance(error, ImportError | MemoryError) else ""
