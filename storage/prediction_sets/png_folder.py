"""Predictions as FOLDER/VIDEO/FRAME.png."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.datasets.images.image_files import read_bytes
from storage.datasets.source import UInt8Array
from storage.prediction_sets.source import ReadOptions


@dataclass(frozen=True)
class PngFolder:
    """A `PredictionSet` of PNG files."""

    root: Path

    @property
    def name(self) -> str:
        return self.root.resolve().name

    @property
    def place(self) -> str:
        return str(self.root)

    def frames(self, video: str, annotated: Sequence[str]) -> list[str] | None:
        folder = self.root / video
        if not folder.is_dir():
            return None
        return sorted(
            path.stem
            for path in folder.iterdir()
            if path.suffix == ".png" and not path.name.startswith(".")
        )

    def label_map(self, video: str, frame: str, options: ReadOptions) -> UInt8Array:
        path = self.root / video / f"{frame}.png"
        return options.decode(read_bytes(path), str(path))
