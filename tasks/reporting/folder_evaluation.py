"""Evaluate a folder of label maps, whoever made them, against a data set."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from storage.datasets.masks import MaskReader, read_binary_mask, read_label_map
from storage.datasets.source import SourceVideo
from tasks.errors import ParameterError
from tasks.reporting.pictures import replace_file
from tasks.reporting.tables import aggregate
from tasks.scoring import Frame, protocol_of, score_video
from tasks.sources import DatasetSpec, open_sources


def evaluate_folder(
    folder: Path,
    spec: DatasetSpec,
    videos: Sequence[str] | None = None,
    output: Path | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """J, F and T of FOLDER/VIDEO/FRAME.png, one frame in memory at a time.

    Args:
        folder: a folder per video, a PNG per annotated frame, named as the data set names it.
        spec: the data set.
        videos: only these.
        output: folder for the tables; None writes none.

    Returns:
        Rows of the tables "per sequence" and "data set".

    Raises:
        ParameterError: a video, a frame or a size that does not fit; names the file.
        DatasetError: a file that cannot be read.
    """
    sources = open_sources(spec, videos)
    if missing := [source.name for source in sources if not (folder / source.name).is_dir()]:
        raise ParameterError(
            f"{folder} has no folder for {', '.join(missing)}; name the videos it has with --videos"
        )
    read = read_binary_mask if spec.name == "davis2016" else read_label_map
    rules = protocol_of(spec.name)
    scored = [
        score_video(source.name, _frames(source, folder, read), _annotated(source), rules)
        for source in sources
    ]
    frames = [per_frame for per_frame, _ in scored]
    per_object_table = pd.concat([per_object for _, per_object in scored], ignore_index=True)
    per_object_table.insert(0, "preset", folder.name)
    per_sequence, dataset = aggregate(per_object_table, [folder.name])
    if output is not None:
        tables = {
            "per_frame": pd.concat(frames, ignore_index=True),
            "per_object": per_object_table,
            "per_sequence": per_sequence,
            "dataset": dataset,
        }
        for name, table in tables.items():
            replace_file(output / f"{name}.csv", table.to_csv(index=False).encode())
            replace_file(output / f"{name}.parquet", table.to_parquet())
    return {
        "per sequence": _rows(per_sequence.drop(columns="preset")),
        "data set": _rows(dataset.drop(columns="preset")),
    }


def _annotated(source: SourceVideo) -> int:
    return sum(source.label_map(index) is not None for index in range(source.frame_count))


def _frames(source: SourceVideo, folder: Path, read: MaskReader) -> Iterator[Frame]:
    for index, name in enumerate(source.frame_names):
        annotation = source.label_map(index)
        if annotation is None:
            continue
        file = folder / source.name / f"{name}.png"
        if not file.is_file():
            raise ParameterError(f"{file} is missing; predict every annotated frame")
        prediction = read(file)
        if prediction.shape != annotation.shape:
            raise ParameterError(
                f"{file} measures {prediction.shape}, its annotation {annotation.shape}; "
                "bring the prediction to the annotation's size (nearest neighbour)"
            )
        yield index, name, annotation, prediction


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records"))
    return rows
