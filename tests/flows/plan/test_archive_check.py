"""An archive that cannot fit is refused before any row; the error says what is missing."""

import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from flows.plan import memory_check
from flows.plan.archive_check import check_archive_memory, check_archive_space
from flows.plan.archive_manifest import checked_manifest
from flows.plan.archive_parameters import ArchiveParameters
from flows.plan.resolved_archive import resolve_archive
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.machine.resources import Machine
from tests.storage.datasets.conftest import write_video_file

Usage = namedtuple("Usage", "total used free")

SIZE = (120, 160)
FRAMES = 10


@pytest.fixture
def archive(tmp_path: Path) -> ArchiveParameters:
    """A video file, a part of it, a folder of frames, a file that is no video, an address."""
    picture = np.zeros((*SIZE, 3), np.uint8)
    write_video_file(tmp_path / "film.mp4", FRAMES, SIZE)
    (tmp_path / "frames").mkdir()
    for index in range(FRAMES):
        Image.fromarray(picture).save(tmp_path / "frames" / f"{index}.png")
    (tmp_path / "text.mp4").write_text("no video")
    Image.fromarray(picture[..., 0]).save(tmp_path / "mask.png")
    rows = [
        "film,film.mp4,mask.png,",
        "part,film.mp4,mask.png,0.2",
        "folder,frames,mask.png,",
        "text,text.mp4,mask.png,",
        "far,http://127.0.0.1:9/film.mp4,mask.png,",
    ]
    manifest = tmp_path / "archive.csv"
    manifest.write_text("\n".join(["id,video,mask,start", *rows]))
    return ArchiveParameters(
        manifest=str(manifest), store=str(tmp_path / "store"), resolution=None, workers=2
    )


def with_memory(patch: pytest.MonkeyPatch, size: float) -> None:
    machine = Machine(cores=4, memory=int(size * 2**30))
    patch.setattr(memory_check, "this_machine", lambda: machine)


def test_rows_that_need_too_much_memory(
    archive: ArchiveParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = archive.model_copy(update={"preset": "paper", "parent": "known"})
    with_memory(monkeypatch, 16)
    check_archive_memory(resolve_archive(large))
    with_memory(monkeypatch, 3)
    message = r"finetune by paper needs about .* 120x160, 2 of them at once, .* 3\.2 GB: .*--force"
    with pytest.raises(ParameterError, match=message):
        check_archive_memory(resolve_archive(large))
    check_archive_memory(resolve_archive(large.model_copy(update={"force": True})))
    check_archive_memory(resolve_archive(large.model_copy(update={"preset": "propagate"})))
    elsewhere = large.model_copy(update={"dask_address": "tcp://127.0.0.1:1"})
    check_archive_memory(resolve_archive(elsewhere))


def test_a_parent_that_needs_too_much_memory(
    archive: ArchiveParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_memory(monkeypatch, 0.85)
    tiny = archive.model_copy(
        update={"preset": "small", "overrides": {"synthetic.size": "[48, 64]"}}
    )
    with pytest.raises(ParameterError, match="train by small needs about"):
        check_archive_memory(resolve_archive(tiny))


def test_the_rows_that_are_left_must_fit_on_the_disk(
    archive: ArchiveParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = checked_manifest(archive).table
    store = ArtifactStore(archive.store)
    many = pd.concat([rows] * 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**6, 0, 10**6))
    check_archive_space(archive, store, rows)
    check_archive_space(archive, store, rows.iloc[:0])
    with pytest.raises(ParameterError, match=r"the archive needs .* split the manifest; --force"):
        check_archive_space(archive, store, many)
    check_archive_space(archive.model_copy(update={"force": True}), store, many)
    check_archive_space(archive, store, rows.iloc[3:])
    soft = archive.model_copy(update={"soft_masks": True})
    with pytest.raises(ParameterError, match="leave out --soft-masks"):
        check_archive_space(soft, store, many)
    assert not Path(archive.store).exists()
