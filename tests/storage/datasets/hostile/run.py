"""Runs a list of cases in a process of its own, whose memory is bounded: `python -m ... KIND DIR`.

Prints a line of JSON per case: its name, what came of it, the error, seconds, the growth of the
process's greatest memory, and files that lie where nothing may be written.
"""

import importlib
import json
import os
import resource
import signal
import sys
import time
import warnings
from pathlib import Path
from typing import Any, NoReturn

from storage.errors import DatasetError
from tests.processes import peak_memory
from tests.storage.datasets.hostile.cases import Case, clip, ingest, mask_file

SECONDS = 10
"""Limit in seconds for a case, which takes milliseconds."""

ADDRESS_SPACE = 3 << 30
"""Bytes beyond what the process has before the first case."""


class TookTooLongError(BaseException):
    """An exception that the code under test does not catch."""


def main() -> None:
    kind, root = sys.argv[1], Path(sys.argv[2])
    cases: list[Case] = importlib.import_module(f"tests.storage.datasets.hostile.{kind}").CASES
    uses = []
    for number, case in enumerate(cases):
        folder = root / f"{number:03d}"
        (folder / "store").mkdir(parents=True)
        uses.append((case, folder, case.make(folder)))
    _warm_up(root / "warm")
    warnings.simplefilter("error")
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limit = used + ADDRESS_SPACE
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    signal.signal(signal.SIGALRM, _took_too_long)
    for case, folder, use in uses:
        before = _files(root)
        result = _result(use)
        # the store of the case is the only place where something may be new
        new = {path for path in _files(root) - before if folder / "store" not in path.parents}
        left = [path for path in (folder / "store").rglob("*") if path.is_file()]
        result["strays"] = sorted(str(path) for path in new)
        result["left"] = len(left)
        print(json.dumps({"name": case.name, **result}), flush=True)


def _warm_up(folder: Path) -> None:
    """Load and compile what the cases use."""
    folder.mkdir(parents=True)
    (folder / "clip.mp4").write_bytes(clip("mp4"))
    ingest(folder / "clip.mp4", mask_file(folder), folder)()


def _result(use: Any) -> dict[str, Any]:
    peak, started = peak_memory(), time.perf_counter()
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        use()
        found = {"outcome": "read", "error": ""}
    except DatasetError as error:
        found = {"outcome": "refused", "error": str(error)}
    except BaseException as error:
        found = {"outcome": "broken", "error": f"{type(error).__name__}: {error}"}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return {**found, "seconds": time.perf_counter() - started, "grown": peak_memory() - peak}


def _files(root: Path) -> set[Path]:
    return {Path(folder, name) for folder, _, names in os.walk(root) for name in names}


def _took_too_long(*_: object) -> NoReturn:
    raise TookTooLongError


if __name__ == "__main__":
    main()
