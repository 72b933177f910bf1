"""`make accuracy`: the commands that it would run, on a stand-in for `maskrnn`."""

import os
import subprocess
from pathlib import Path

import pytest

from tasks.inputs.configuration import configure

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "accuracy.sh"
KEY = "0123abc"
_STAND_IN = f"""#!/bin/sh
echo "$@" >> "$LOG"
[ "$1" != train ] || echo "Parent of $(echo "$@" | sed 's/.*--preset \\([a-z]*\\).*/\\1/'): {KEY}"
"""


def commands(folder: Path, *parts: str, **environment: str) -> list[list[str]]:
    """The commands of some parts."""
    stand_in, log = folder / "maskrnn", folder / "log"
    stand_in.write_text(_STAND_IN)
    stand_in.chmod(0o755)
    log.write_text("")
    own = {"MASKRNN": str(stand_in), "LOG": str(log), **environment}
    subprocess.run(
        ["bash", SCRIPT, "DAVIS", *parts],
        env={**os.environ, **own},
        check=True,
        capture_output=True,
    )
    return [line.split() for line in log.read_text().splitlines()]


@pytest.mark.parametrize("preset", ["accurate", "osvos", "masktrack"])
def test_a_parent_and_the_videos_from_it(preset: str, tmp_path: Path) -> None:
    got, train, benchmark = commands(tmp_path, preset, SET="static.seed=3", VIDEOS="a,b")
    assert got == ["weights", "get", "vgg16-hed"]
    assert train[0] == "train"
    assert benchmark[0] == "benchmark"
    assert benchmark[benchmark.index("--parent") + 1] == KEY
    assert benchmark[benchmark.index("--videos") + 1] == "a,b"
    made = []
    for command in (train, benchmark):
        options = dict(word.split("=", 1) for word in command[command.index("--set") + 1 :])
        assert options["static.seed"] == "3"
        made.append(configure(preset, options).preset)
    assert made[0] == made[1]
    network = made[0].network
    assert network is not None
    assert (network.width, network.norm) == (1.0, "none")
    assert made[0].static is not None
    assert (made[0].static.steps, made[0].static.accumulate) == (1200, 4)


def test_presets_that_need_no_parent_from_elsewhere(tmp_path: Path) -> None:
    made = commands(tmp_path, "oneshot", "lucid", "small", "scratch")
    assert [words[words.index("--preset") + 1] for words in made[1:]] == [
        "oneshot",
        "lucid",
        "small",
        "scratch",
    ]
    assert "--initial-weights" in made[1]


def test_more_lines_are_a_run_of_their_own(tmp_path: Path) -> None:
    lucid, more = commands(tmp_path, "lucid", "lucid-360")
    for words, run, lines in (
        (lucid, "accuracy-lucid", "240"),
        (more, "accuracy-lucid-360", "360"),
    ):
        assert words[words.index("--preset") + 1] == "lucid"
        assert words[words.index("--run-id") + 1] == run
        assert words[words.index("--resolution") + 1] == lines
    options = dict(word.split("=", 1) for word in more[more.index("--set") + 1 :])
    finetune = configure("lucid", options).preset.finetune
    assert finetune is not None
    assert (finetune.iterations, finetune.coarse, finetune.smallest_side) == (1000, 0.6, 120)


@pytest.mark.parametrize("arguments", [[], ["DAVIS", "no"]])
def test_what_it_cannot_do(arguments: list[str]) -> None:
    done = subprocess.run(["bash", SCRIPT, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "accuracy" in done.stderr
