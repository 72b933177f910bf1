"""Peak memory of `maskrnn segment` by the number of objects, the width of the network and the clip.

    python benchmarks/segment_memory.py [--lines 480] [--frames 4] [--objects 1,3,10]

Draws clips whose first mask holds that many squares, and segments them with `lucid`, at its own
width and at that of VGG-16, after two iterations of finetuning: what it sees is not to be judged,
what it holds is. The last row is a clip of 2160 lines that is segmented at `--lines`. Memory is
that of all processes of the command together, at the moment when it is largest.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from light_processes import Cost, draw_clip, measure
from PIL import Image

from maskrnn_core.video import UInt8Array

MEBI = 2**20
WIDTHS = {"a quarter": [], "1": ["network.width=1", "network.norm=none"]}
"""Of the network, relative to VGG-16: overrides of the preset."""
UHD = (2160, 3840)


def squares(count: int, size: tuple[int, int]) -> UInt8Array:
    """A label map with `count` objects, five in a row."""
    label_map = np.zeros(size, np.uint8)
    rows = -(-count // 5)
    cell = min(size[0] // rows, size[1] // 5)
    for index in range(count):
        y, x = (place * cell + cell // 4 for place in divmod(index, 5))
        label_map[y : y + cell // 2, x : x + cell // 2] = index + 1
    return label_map


def cost(size: tuple[int, int], frames: int, objects: int, lines: int, options: list[str]) -> Cost:
    """Segment one clip in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="maskrnn-memory-") as place:
        folder = Path(place)
        draw_clip(folder, frames, size)
        mask = Image.fromarray(squares(objects, size))
        mask.putpalette(np.random.default_rng(0).integers(0, 256, 768, dtype=np.uint8).tobytes())
        mask.save(folder / "first.png")
        command = ["segment", "clip.mp4", "--mask", "first.png", "--preset", "lucid"]
        command += ["--resolution", str(lines), "--store", "store", "--out", "out", "--set"]
        return measure([*command, "finetune.iterations=2", *options], folder)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=480)
    parser.add_argument("--frames", type=int, default=4)
    parser.add_argument("--objects", default="1,3,10")
    asked = parser.parse_args()
    size = (asked.lines, round(asked.lines * 16 / 9 / 2) * 2)
    counts = [int(count) for count in asked.objects.split(",")]
    rows = [(width, size, count) for width in WIDTHS for count in counts]
    print("| width | clip | objects | peak MiB | largest process | processes | CPU s |")
    print("|---|---|---|---|---|---|---|")
    for width, clip, count in [*rows, ("a quarter", UHD, 1)]:
        found = cost(clip, asked.frames, count, asked.lines, WIDTHS[width])
        print(
            f"| {width} | {clip[1]}x{clip[0]} | {count} | {found.memory / MEBI:.0f} | "
            f"{found.largest / MEBI:.0f} | {found.processes} | {found.cpu_seconds:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
