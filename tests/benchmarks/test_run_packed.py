"""`run_packed.py` computes figures from a packed file, without store, Prefect and Dask."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TINY = [
    "network.width=0.125",
    "network.fc_width=16",
    "static.steps=2",
    "recurrent.steps=1",
    "recurrent.clip_length=3",
    "finetune.iterations=2",
]
WITHOUT_PIPELINE = (
    "import runpy, sys\n"
    "for name in 'storage tasks flows zarr prefect dask distributed pandas pydantic'.split():\n"
    "    sys.modules[name] = None\n"
    "sys.argv = sys.argv[1:]\n"
    "runpy.run_path(sys.argv[0], run_name='__main__')\n"
)


def python(*arguments: str) -> str:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "benchmarks")]),
    }
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_packed(pack: Path, out: Path, configurations: str) -> str:
    options = ["--out", str(out), "--configurations", configurations, "--set", *TINY]
    more = ["--device", "cpu", "--threads", "1", "--protocol", "davis2017-semi-supervised"]
    script = str(ROOT / "benchmarks" / "run_packed.py")
    return python("-c", WITHOUT_PIPELINE, script, str(pack), *options, *more, "--videos", "val-000")


@pytest.mark.timeout(900)
def test_the_whole_way_and_its_continuation(tmp_path: Path) -> None:
    pack, out = tmp_path / "tiny.zip", tmp_path / "results"
    script = str(ROOT / "benchmarks" / "pack_videos.py")
    printed = python(script, str(pack), "--videos", "1", "--short-side", "48")
    assert f"{pack.stat().st_size / 1e6:.1f} MB" in printed

    first = run_packed(pack, out, "small+loc-apply,propagate")
    assert len(list((out / "parents").glob("*.json"))) == 1
    j = {name: float(v) for name, v in re.findall(r"^(\S+) +mean J ([\d.]+)$", first, re.M)}
    assert j.keys() == {"small+loc-apply", "propagate"}
    assert 0 < j["propagate"] <= 1
    (figures,) = out.glob("propagate-*/val-000.json")
    found = json.loads(figures.read_text())
    assert sum(found["J"]) / len(found["J"]) == pytest.approx(j["propagate"], abs=1e-4)
    assert len(list(figures.parent.glob("masks/val-000/*.png"))) == 32

    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    second = run_packed(pack, out, "small+loc-apply,small+rnn-offline,propagate")
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    # The recurrent stage starts from the static parent that is there.
    assert "static" not in second
    assert len(list((out / "parents").glob("*.json"))) == 2
