"""Rooms of the project and the imports between them, read from the code.

    python scripts/structure.py                                  print modules and imports per room
    python scripts/structure.py --draw docs/images/rooms.png     draw them

A room is a folder with Python modules. An import inside a function counts like one at the top.
"""

import argparse
import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("flows", "tasks", "maskrnn_core", "storage")

Imports = Counter[tuple[str, str]]
"""How many imports lead from one room to another."""


def modules(root: Path = ROOT) -> dict[str, Path]:
    """All modules by dotted name; a package is named without `__init__`."""
    found = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def room_of(module: Path, root: Path = ROOT) -> str:
    """The room of a module, such as "storage/kinds"."""
    return module.parent.relative_to(root).as_posix()


def sizes(root: Path = ROOT) -> dict[str, int]:
    """Modules per room, `__init__` left out; rooms that only hold other rooms have 0."""
    counted: dict[str, int] = {}
    for path in modules(root).values():
        room = room_of(path, root)
        counted[room] = counted.get(room, 0) + (path.name != "__init__.py")
    return counted


def imports(root: Path = ROOT) -> Imports:
    """Imports between different rooms of the project."""
    known = modules(root)
    counted: Imports = Counter()
    for path in known.values():
        for target in _imported(path, known):
            pair = room_of(path, root), room_of(known[target], root)
            if pair[0] != pair[1]:
                counted[pair] += 1
    return counted


def _imported(path: Path, known: dict[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from (names & known.keys()) or {node.module}


def folded(sizes: dict[str, int], arrows: Imports) -> tuple[dict[str, int], Imports]:
    """Modules per room and imports between rooms, where rooms within a room are one with it."""

    def outer(room: str) -> str:
        return "/".join(room.split("/")[:2])

    counted: dict[str, int] = {}
    for room, size in sizes.items():
        counted[outer(room)] = counted.get(outer(room), 0) + size
    pairs: Imports = Counter()
    for (a, b), count in arrows.items():
        if outer(a) != outer(b):
            pairs[outer(a), outer(b)] += count
    return counted, pairs


def ranks(rooms: list[str], arrows: Imports) -> dict[str, int]:
    """Height of each room above the rooms that it imports from; 0 imports from none of them.

    Raises:
        ValueError: the rooms import each other in a circle.
    """
    below = {room: {b for a, b in arrows if a == room and b in rooms} for room in rooms}
    rank: dict[str, int] = {}
    while len(rank) < len(rooms):
        ready = [room for room in rooms if room not in rank and below[room] <= rank.keys()]
        if not ready:
            raise ValueError(f"rooms import each other: {sorted(set(rooms) - rank.keys())}")
        rank |= {room: 1 + max((rank[b] for b in below[room]), default=-1) for room in ready}
    return rank


def main() -> None:
    """Print the rooms, or draw them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--draw", type=Path, help="PNG file to write")
    parser.add_argument("--root", type=Path, default=ROOT, help="checkout to read")
    asked = parser.parse_args()
    counted, arrows = sizes(asked.root), imports(asked.root)
    if asked.draw is not None:
        from draw_rooms import draw

        draw(counted, arrows, asked.draw)
        return
    for room, size in sorted(counted.items()):
        used = ", ".join(f"{b} {n}" for (a, b), n in sorted(arrows.items()) if a == room)
        print(f"{room:32} {size:3} modules; imports from {used or 'no other room'}")
    for package in PACKAGES:
        inside = [n for (a, b), n in arrows.items() if _top(a) == _top(b) == package]
        print(f"{package}: {sum(inside)} imports between {len(inside)} pairs of rooms")


def _top(room: str) -> str:
    return room.partition("/")[0]


if __name__ == "__main__":
    main()
