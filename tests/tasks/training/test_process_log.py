"""Lines of another process are logged with their level; what is no such line is shown."""

import io
import logging
import subprocess
import sys

import pytest

from tasks.progress_lines import PROGRESS
from tasks.training.process_log import log_again

_PROCESS = """
import logging
from tasks.training.process_log import write_lines

write_lines()
log = logging.getLogger("maskrnn.progress")
log.debug("not told")
log.log(25, "%d of %d steps", 1, 2)
print("a line of a library")
log.warning("two\\nlines")
logging.getLogger("other").error("not ours")
"""


def test_lines_keep_their_level_and_order(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    told = subprocess.run([sys.executable, "-c", _PROCESS], capture_output=True, check=True).stdout
    log_again(io.BytesIO(told))
    expected = [(PROGRESS, "1 of 2 steps"), (logging.WARNING, "two\nlines")]
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == expected
    assert "a line of a library\n" in capsys.readouterr().err
