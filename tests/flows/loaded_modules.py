"""Which modules a statement loads in a new process."""

import os
import subprocess
import sys


def loaded(statement: str, modules: str) -> subprocess.CompletedProcess[str]:
    """Fail if `statement` loads any of `modules` in a new process."""
    code = (
        f"import sys\n{statement}\n"
        f"found = set({modules.split()!r}) & set(sys.modules)\n"
        "sys.exit(', '.join(found) if found else 0)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
