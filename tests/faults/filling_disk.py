"""An archive on a disk that fills up: a program for a mount name space, as `test_full_disk` starts.

Usage: python -m tests.faults.filling_disk DISK FOLDER MOMENTS

DISK is a small file system; FOLDER holds list.csv and its clips.
"""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

from tests.clusters import ROOT

BOUND_SECONDS = 600.0


class Archive:
    """A command on the small disk, and what it leaves there.

    Args:
        disk: the file system.
        folder: manifest and clips, on another file system.
    """

    def __init__(self, disk: Path, folder: Path) -> None:
        self._disk = disk
        self._folder = folder
        self.store = disk / "store"

    def run(self) -> tuple[int, str]:
        """Exit code and output of the archive command."""
        manifest = str(self._folder / "list.csv")
        options = ["--preset", "propagate", "--workers", "1", "--force", "--slice-rows", "1"]
        return self._maskrnn("archive", manifest, *options)

    def results(self) -> dict[str, bytes]:
        """The label maps of all rows; every artifact of the store is sound."""
        code, told = self._maskrnn("verify")
        assert code == 0, told
        out = self._folder / "masks"
        shutil.rmtree(out, ignore_errors=True)
        code, told = self._maskrnn("export", "--out", str(out))
        assert code == 0, told
        return {str(file.relative_to(out)): file.read_bytes() for file in out.rglob("*.png")}

    def leave(self, size: int) -> None:
        """Fill the disk but for so many bytes."""
        with (self._disk / "ballast").open("wb") as file:
            space = os.statvfs(self._disk)
            file.write(bytes(max(0, space.f_bavail * space.f_frsize - size)))

    def free(self) -> None:
        """Make room again."""
        (self._disk / "ballast").unlink()

    def used(self) -> int:
        """Bytes on the disk."""
        space = os.statvfs(self._disk)
        return (space.f_blocks - space.f_bfree) * space.f_frsize

    def _maskrnn(self, command: str, *tokens: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "flows.cli.app", command, *tokens, "--store", str(self.store)],
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=BOUND_SECONDS,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


def main(disk: Path, folder: Path, moments: int) -> None:
    """Fill the disk at seeded moments; after more room, the same command completes the archive."""
    archive, chance = Archive(disk, folder), random.Random(21)
    code, told = archive.run()
    assert code == 0, told
    need, whole = archive.used(), archive.results()
    assert whole
    failed = 0
    for _ in range(moments):
        shutil.rmtree(archive.store)
        left = int(chance.uniform(0.02, 0.9) * need)
        archive.leave(left)
        code, told = archive.run()
        assert "Traceback" not in told, told
        if code != 0:
            failed += 1
            assert code == 1, told
            assert "space" in told, told
        archive.free()
        code, told = archive.run()
        assert code == 0, f"with {left} of {need} bytes before:\n{told}"
        assert archive.results() == whole, f"with {left} of {need} bytes before"
    print(f"{failed} of {moments} archives met a full disk; all were completed")
    assert failed > 0


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
