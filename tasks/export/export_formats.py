"""Exports predictions of a store as files for other programs."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from storage.errors import CorruptArtifactError, InvalidAddressError, MissingArtifactError
from storage.export.coco import export_coco
from storage.export.cvat import export_cvat
from storage.export.frame_table import export_frame_table
from storage.export.label_studio import export_label_studio
from storage.export.mattes import export_cutouts, export_mattes
from storage.export.png_folders import check_names, export_png
from storage.export.server_zip import SERVERS, export_server_zip, zip_name
from storage.files.output_folder import OutputFolder
from storage.kinds.predictions import PREDICTIONS, StoredPrediction
from storage.runs.ledger import RunLedger
from storage.runs.names import StageName
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.export.overlay_export import export_overlay, source_files, source_frames


@dataclass(frozen=True)
class Format:
    """A form of files for one prediction.

    Args:
        suffix: of the file or folder, after the name of the video.
        write: writes it below a folder and returns its path.
        is_folder: whether it is a folder.
    """

    suffix: str
    write: Callable[[ArtifactStore, StoredPrediction, OutputFolder], Path]
    is_folder: bool = False


_OF_VIDEO: Mapping[str, Format] = {
    "png": Format("", lambda _, one, out: export_png(one, out), is_folder=True),
    "coco": Format(".json", lambda _, one, out: export_coco(one, out)),
    "overlay": Format(".mp4", export_overlay),
    "csv": Format(".csv", lambda _, one, out: export_frame_table(one, out)),
    "mattes": Format("-mattes", lambda _, one, out: export_mattes(one, out), is_folder=True),
    "cutouts": Format(
        "-cutouts",
        lambda store, one, out: export_cutouts(one, source_frames(store, one), out),
        is_folder=True,
    ),
    "cvat": Format("-cvat.xml", lambda _, one, out: export_cvat(one, out)),
    "label-studio": Format("-label-studio.json", lambda _, one, out: export_label_studio(one, out)),
}

FORMATS = (*_OF_VIDEO, *SERVERS)
"""One file or folder per video; those of `SERVERS` are one zip for all videos."""

_OF_ONE = (CorruptArtifactError, MissingArtifactError, InvalidAddressError)
"""Errors that concern only one prediction."""


@dataclass(frozen=True)
class Export:
    """A prediction to export.

    Args:
        video: name of its video.
        key: key of the prediction.
        folder: subfolder for it; "" if there is only one prediction per video.
    """

    video: str
    key: str
    folder: str = ""


@dataclass(frozen=True)
class NotExported:
    """Something that could not be written.

    Args:
        text: what and why, for people.
        export: the prediction that it belongs to; None for a zip of several.
    """

    text: str
    export: Export | None = None


def choose_exports(
    store: ArtifactStore, run: str | None, videos: Sequence[str] | None
) -> list[Export]:
    """Return the predictions of a run (of each preset, if it has several), or all of a store.

    Args:
        store: the store with the predictions.
        run: a run, whose ledger lists its predictions; None means all in the store.
        videos: only these; None means all.

    Raises:
        MissingArtifactError: there is no such run, no prediction, or none of a named video.
        ParameterError: the store has several predictions of one video, and no run is given.
    """
    found = _of_store(store) if run is None else _of_run(RunLedger(store, run))
    if videos is not None:
        if missing := sorted(set(videos) - {export.video for export in found}):
            raise MissingArtifactError(
                f"There are no label maps of {', '.join(missing)}; correct --videos."
            )
        found = [export for export in found if export.video in videos]
    if not found:
        raise MissingArtifactError(
            f"There are no label maps in {store.url if run is None else f'the run {run}'} yet."
        )
    several = Counter((export.video, export.folder) for export in found)
    if twice := sorted({video for (video, _), count in several.items() if count > 1}):
        raise ParameterError(
            f"{store.url} has several predictions of {', '.join(twice[:5])}: name a run "
            "(`maskrnn status` lists them), or other --videos"
        )
    return found


def export(
    store: ArtifactStore, chosen: Sequence[Export], folder: Path, formats: Sequence[str]
) -> Iterator[Path | NotExported]:
    """Write predictions one by one; what cannot be written does not stop the rest.

    Args:
        store: the store with the predictions.
        chosen: which predictions.
        folder: for all; created if missing.
        formats: of `FORMATS`.

    Yields:
        Each file or folder when it is complete, and an error for each that cannot be written: its
        prediction is damaged, cannot name a file, or has lost its frames; or a prediction is
        missing from a zip of all.

    Raises:
        ParameterError: an unknown format.
        OccupiedOutputError: a file would replace one that this program did not write, or the
            segmented video; found before the first file is written.
        StoreFullError, StoreAccessError: the folder cannot be written.
    """
    if unknown := [name for name in formats if name not in FORMATS]:
        raise ParameterError(f"unknown format {', '.join(unknown)}: choose of {', '.join(FORMATS)}")
    places = {item.folder: OutputFolder(folder / item.folder) for item in chosen}
    for name, place in places.items():
        _check(store, [item for item in chosen if item.folder == name], place, formats)
    return _written(store, chosen, places, formats)


def _check(
    store: ArtifactStore, chosen: Sequence[Export], place: OutputFolder, formats: Sequence[str]
) -> None:
    videos, sources = [], []
    for item in chosen:
        with suppress(*_OF_ONE):  # its fault is reported in its turn
            prediction = StoredPrediction(store, item.key)
            check_names(prediction, place.path)
            videos.append(prediction.video)
            sources += source_files(prediction)
    wanted = [_OF_VIDEO[name] for name in formats if name in _OF_VIDEO]
    files = [f"{video}{one.suffix}" for video in videos for one in wanted if not one.is_folder]
    files += [zip_name(name) for name in formats if name in SERVERS]
    folders = [f"{video}{one.suffix}" for video in videos for one in wanted if one.is_folder]
    place.check(files, folders, sources)


def _written(
    store: ArtifactStore,
    chosen: Sequence[Export],
    places: Mapping[str, OutputFolder],
    formats: Sequence[str],
) -> Iterator[Path | NotExported]:
    opened: dict[str, list[StoredPrediction]] = {folder: [] for folder in places}
    lacking: dict[str, list[str]] = {folder: [] for folder in places}
    for item in chosen:
        try:
            prediction = StoredPrediction(store, item.key)
        except _OF_ONE as error:
            lacking[item.folder].append(item.video)
            yield NotExported(f"{item.video}: {error}", item)
            continue
        opened[item.folder].append(prediction)
        for name in formats:
            if name in _OF_VIDEO:
                try:
                    yield _OF_VIDEO[name].write(store, prediction, places[item.folder])
                except _OF_ONE as error:
                    yield NotExported(f"{item.video}, {name}: {error}", item)
    for name in formats:
        for folder in places if name in SERVERS else ():
            yield _zip(name, opened[folder], lacking[folder], places[folder])


def _zip(
    form: str, predictions: Sequence[StoredPrediction], lacking: Sequence[str], out: OutputFolder
) -> Path | NotExported:
    """Write a zip of all predictions of a folder, unless one of those chosen is lacking."""
    name = zip_name(form)
    if lacking:
        return NotExported(
            f"{name} was not written: {', '.join(lacking)} would be missing from it; mend this "
            "first, or name the other videos with --videos"
        )
    try:
        return export_server_zip(predictions, form, out)
    except _OF_ONE as error:
        return NotExported(f"{name}: {error}")


def _of_store(store: ArtifactStore) -> list[Export]:
    keys = store.keys(PREDICTIONS)
    return [Export(store.open(PREDICTIONS, key).metadata["video"], key) for key in keys]


def _of_run(ledger: RunLedger) -> list[Export]:
    ledger.info()  # raises if there is no such run
    found = [
        Export(record.video, key, StageName.parse(stage).preset)
        for record in ledger.records()
        for stage, entry in record.stages.items()
        for kind, key in entry.artifacts
        if kind == PREDICTIONS and entry.state == "done"
    ]
    if len({export.folder for export in found}) == 1:
        return [Export(export.video, export.key) for export in found]
    return found
