"""Writes label maps and pictures into the folder of a report, each only if its inputs changed."""

import json
import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from storage.errors import OccupiedOutputError
from storage.export.png_folders import export_png
from storage.files.output_folder import OutputFolder
from storage.kinds.predictions import StoredPrediction
from storage.store.artifacts import ArtifactStore
from tasks.keys import PreparedVideo
from tasks.plan.outcome import VideoResult
from tasks.reporting.folder import replace_file
from tasks.reporting.pictures import write_flow_pictures, write_overlays, write_plot
from tasks.reporting.tables import Tables

logger = logging.getLogger("maskrnn.run")

_RECORD = "exports.json"


class Exports:
    """The files of one report that are made of whole videos.

    Args:
        store: the store of the run.
        folder: folder of the report.
    """

    def __init__(self, store: ArtifactStore, folder: Path) -> None:
        self._store = store
        self._folder = folder
        record = folder / _RECORD
        done: dict[str, str] = json.loads(record.read_bytes()) if record.exists() else {}
        self._done = {name: key for name, key in done.items() if (folder / name).exists()}

    def masks(self, results: Sequence[VideoResult]) -> None:
        """Write the label maps of all results as palette PNG: masks/PRESET/VIDEO/FRAME.png."""
        for result in results:
            name = f"masks/{result.preset}/{result.video.name}"
            self._once(name, result.prediction, partial(self._write_masks, result, name))

    def sheets(self, results: Sequence[VideoResult], preset: str) -> list[str]:
        """Write overlays of one preset; return their names in the report."""
        shown = sorted((r for r in results if r.preset == preset), key=lambda r: r.video.name)
        sheets = [f"overlays/{result.video.name}_sheet.jpg" for result in shown]
        for result, name in zip(shown, sheets, strict=True):
            write = partial(write_overlays, self._store, result, self._folder / name)
            self._once(name, result.prediction, write)
        return sheets

    def flow(self, videos: Sequence[PreparedVideo]) -> list[str]:
        """Write flow pictures; return their names in the report."""
        names = []
        for video in sorted(videos, key=lambda video: video.name):
            names.append(f"overlays/{video.name}_flow.jpg")
            write = partial(write_flow_pictures, self._store, video, self._folder / names[-1])
            self._once(names[-1], video.flow_key, write)
        return names

    def plots(self, results: Sequence[VideoResult], tables: Tables) -> None:
        """Write a plot of J per frame for every video."""
        for video in sorted({result.video.name for result in results}):
            name = f"plots/{video}_J.png"
            shown = " ".join(r.prediction for r in results if r.video.name == video)
            self._once(
                name, shown, partial(write_plot, tables.per_frame, video, self._folder / name)
            )

    def keep(self) -> None:
        """Note what was written, so that the next report of the run keeps it."""
        replace_file(
            self._folder / _RECORD, json.dumps(self._done, indent=1, sort_keys=True).encode()
        )

    def _write_masks(self, result: VideoResult, name: str) -> None:
        out = OutputFolder((self._folder / name).parent)
        out.adopt()
        export_png(StoredPrediction(self._store, result.prediction), out)

    def _once(self, name: str, key: str, write: Callable[[], None]) -> None:
        """Write an export unless it was made of the same; leave a folder that a user changed."""
        if self._done.get(name) == key:
            return
        try:
            write()
        except OccupiedOutputError as error:
            logger.warning("not written: %s", error)
        else:
            self._done[name] = key
