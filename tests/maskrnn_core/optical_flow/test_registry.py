"""The one table of estimators."""

import os
import subprocess
import sys
from pathlib import Path

from maskrnn_core.optical_flow.flownet2.variants import VARIANTS
from maskrnn_core.optical_flow.registry import FLOW_ESTIMATORS


def test_names_and_needs() -> None:
    assert all(name == entry.name for name, entry in FLOW_ESTIMATORS.items())
    networks = {name for name, entry in FLOW_ESTIMATORS.items() if entry.takes_weights}
    assert networks == {*map(str.lower, VARIANTS), "raft-small", "raft-large"}
    assert networks == {n for n, entry in FLOW_ESTIMATORS.items() if entry.resource == "GPU"}
    downloadable = {name for name, entry in FLOW_ESTIMATORS.items() if entry.downloadable}
    assert downloadable == {"raft-small", "raft-large"}


def test_reading_the_table_loads_no_network() -> None:
    code = "import sys, maskrnn_core.optical_flow.registry; print('torch' in sys.modules)"
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert done.stdout.strip() == "False"
