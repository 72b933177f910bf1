"""The picture of the rooms in docs/architecture.md: who imports from whom, highest first."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from structure import PACKAGES, Imports, folded, ranks

_COLOURS = {"flows": "#4c78a8", "tasks": "#54a24b", "maskrnn_core": "#e45756", "storage": "#b279a2"}
_WIDTH, _HEIGHT, _GAP = 1.0, 0.5, 0.16
_ROW = 1.0
_COLUMNS = 9
"""Rooms side by side over the whole width."""


def draw(sizes: dict[str, int], arrows: Imports, target: Path) -> None:
    """Draw every room as a box in the band of its package, and imports within a package as arrows.

    Rooms within a room are drawn as one with it. Imports of a package's top modules, which every
    room may use, are left out.

    Args:
        sizes: modules per room.
        arrows: imports between rooms.
        target: PNG file.
    """
    sizes, arrows = folded(sizes, arrows)
    rooms = {
        package: [r for r, n in sizes.items() if r.partition("/")[0] == package and n]
        for package in PACKAGES
    }
    inner = {
        package: Counter(
            {
                pair: n
                for pair, n in arrows.items()
                # The modules at the top, such as errors and keys, are open to every room.
                if set(pair) <= set(inside) - {package}
            }
        )
        for package, inside in rooms.items()
    }
    places: dict[str, tuple[float, float]] = {}
    bands: dict[str, tuple[float, float, float, float]] = {}
    top = 0.0
    for package in ("flows", "tasks"):
        top = _band(package, rooms[package], inner[package], (0.0, _COLUMNS), top, places, bands)
    ends = [
        _band(package, rooms[package], inner[package], span, top, places, bands)
        for package, span in (("maskrnn_core", (0.0, 3.6)), ("storage", (3.8, _COLUMNS)))
    ]
    figure, axes = plt.subplots(figsize=(13, 1.2 - min(ends) * 1.0))
    for package, (left, right, upper, lower) in bands.items():
        _frame(axes, package, left, right, upper, min(ends) if upper == top else lower)
    for pairs in inner.values():
        for (a, b), count in pairs.items():
            _arrow(axes, places[a], places[b], count, _COLOURS[a.partition("/")[0]])
    for room, place in places.items():
        _box(axes, room, sizes[room], place)
    axes.set_xlim(-0.1, _COLUMNS + 0.1)
    axes.set_ylim(min(ends) - 0.1, 0.1)
    axes.axis("off")
    figure.savefig(target, dpi=110, bbox_inches="tight", metadata={"Software": None})


def _band(
    package: str,
    rooms: list[str],
    arrows: Imports,
    span: tuple[float, float],
    top: float,
    places: dict[str, tuple[float, float]],
    bands: dict[str, tuple[float, float, float, float]],
) -> float:
    """Place the rooms of a package in rows by rank; returns where the next band begins."""
    levels = ranks(rooms, arrows)
    y = top - 0.45
    width = span[1] - span[0]
    for count, row in enumerate(_rows(levels, int(width / (_WIDTH + 0.1)))):
        aside = (-0.12, 0.12)[count % 2] * width if len(row) == 1 else 0.0  # arrows pass beside it
        step = width / len(row)
        for index, room in enumerate(row):
            places[room] = (span[0] + step * (index + 0.5) + aside, y - _HEIGHT / 2)
        y -= _ROW
    bottom = y + _ROW - _HEIGHT - 0.2
    bands[package] = (span[0], span[1], top, bottom)
    return bottom - _GAP


def _rows(levels: dict[str, int], longest: int) -> Iterator[list[str]]:
    """Rooms of one level side by side, in several rows where they are too many."""
    for level in sorted(set(levels.values()), reverse=True):
        row = sorted(room for room in levels if levels[room] == level)
        for start in range(0, len(row), longest):
            yield row[start : start + longest]


def _frame(axes: Axes, package: str, left: float, right: float, top: float, bottom: float) -> None:
    style = "round,pad=0,rounding_size=0.08"
    colour = _COLOURS[package]
    axes.add_patch(
        FancyBboxPatch(
            (left, bottom), right - left, top - bottom, style, fc=colour, alpha=0.1, lw=0
        )
    )
    axes.text(left + 0.1, top - 0.1, f"{package}/", va="top", weight="bold", color=colour, size=13)


def _box(axes: Axes, room: str, size: int, place: tuple[float, float]) -> None:
    package, _, name = room.partition("/")
    x, y = place[0] - _WIDTH / 2, place[1] - _HEIGHT / 2
    axes.add_patch(
        FancyBboxPatch(
            (x, y),
            _WIDTH,
            _HEIGHT,
            "round,pad=0,rounding_size=0.06",
            fc="white",
            ec=_COLOURS[package],
            lw=1.4,
            zorder=3,
        )
    )
    axes.text(*place, f"{name or '(top)'}\n{size}", ha="center", va="center", size=8.5, zorder=4)


def _arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], count: int, colour: str
) -> None:
    axes.add_patch(
        FancyArrowPatch(
            (start[0], start[1] - _HEIGHT / 2),
            (end[0], end[1] + _HEIGHT / 2),
            arrowstyle="-|>",
            mutation_scale=8,
            lw=0.5 + 0.25 * min(count, 6),
            color=colour,
            alpha=0.55,
            shrinkA=0,
            shrinkB=0,
            zorder=2,
        )
    )
