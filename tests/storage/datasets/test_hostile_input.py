"""Hundreds of hostile inputs: each is refused by name or read, in bounded time and memory.

The cases of a kind run in one process, whose memory has a limit. `hostile` holds the cases.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.storage.datasets.hostile import archives, frames, json_masks, masks, videos
from tests.storage.datasets.hostile.cases import Case

ROOT = Path(__file__).resolve().parents[3]
KINDS = {
    "videos": videos.CASES,
    "frames": frames.CASES,
    "masks": masks.CASES,
    "json_masks": json_masks.CASES,
    "archives": archives.CASES,
}
MOST_GROWTH = 256 << 20
"""Bytes that a case may add to the greatest memory of the process before it."""

pytestmark = pytest.mark.timeout(300)

Results = dict[str, dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Outcome of each case by kind and name; the first case of a kind fills it."""
    return {}


def result_of(kind: str, name: str, results: Results, folder: Path) -> dict[str, Any]:
    if kind not in results:
        run = [sys.executable, "-m", "tests.storage.datasets.hostile.run", kind, str(folder)]
        done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=280)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        results[kind] = {line["name"]: line for line in lines}
        assert done.returncode == 0, done.stderr[-2000:]
    return results[kind][name]


def test_there_are_hundreds() -> None:
    names = [(kind, case.name) for kind, cases in KINDS.items() for case in cases]
    assert len(names) == len(set(names))
    assert len(names) >= 400


EVERY = [(kind, case) for kind, cases in KINDS.items() for case in cases]


@pytest.mark.parametrize(
    ("kind", "case"), EVERY, ids=[f"{kind}: {case.name}" for kind, case in EVERY]
)
def test_a_clear_error_or_a_reading(
    kind: str, case: Case, results: Results, tmp_path: Path
) -> None:
    result = result_of(kind, case.name, results, tmp_path)
    assert result["outcome"] in ("read", "refused"), result["error"]
    if case.outcome != "either":
        assert result["outcome"] == case.outcome, result["error"]
    if result["outcome"] == "refused":
        assert len(result["error"]) < 4000
        assert re.search(case.match, result["error"]), result["error"]
        assert result["left"] == 0, "something half-written stays in the store"
    assert result["grown"] < MOST_GROWTH
    assert result["strays"] == []
