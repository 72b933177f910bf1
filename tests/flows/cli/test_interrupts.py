"""An interrupted command ends soon: also where the exception gets lost."""

import os
import signal
import subprocess
import sys
import time

import pytest

from flows.cli.interrupts import leaving_soon_on_interrupt

_COMMAND = """
import sys, time
from flows.cli import interrupts
interrupts._GRACE_SECONDS = 0.5
with interrupts.leaving_soon_on_interrupt():
    try:
        print("ready", flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        if sys.argv[1] == "ends":
            interrupts.print_interrupted()
            sys.exit(1)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("what", ["ends", "swallows"])
def test_the_command_ends_with_one_line(what: str, number: signal.Signals) -> None:
    command = subprocess.Popen(
        [sys.executable, "-c", _COMMAND, what],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert command.stdout is not None
    assert command.stdout.readline() == "ready\n"
    began = time.monotonic()
    os.kill(command.pid, number)
    _, told = command.communicate(timeout=30)
    assert time.monotonic() - began < 15
    assert command.returncode == 1
    assert told == "maskrnn: interrupted; the same command continues where this one stopped\n"


def test_handlers_are_as_before_afterwards() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with leaving_soon_on_interrupt():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
