"""Nothing that is read from a store or a data set can run code or leave its folder."""

import ast
import io
import json
import pickle
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskrnn_core.errors import MaskRNNError
from storage.errors import CorruptArtifactError, DatasetError, InvalidAddressError
from storage.export.png_folders import export_png
from storage.files.output_folder import OutputFolder
from storage.kinds.checkpoints import FINETUNED, load_checkpoint, save_checkpoint
from storage.kinds.predictions import PREDICTIONS, StoredPrediction, write_prediction
from storage.kinds.tables import read_table
from storage.prediction_sets.png_zip import PngZip
from storage.store.artifacts import ArtifactStore
from storage.store.marker import Marker
from tasks.errors import ParameterError
from tasks.inputs.external_parents import obtain_parent
from tasks.inputs.starting_weights import starting_weights

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("flows", "tasks", "maskrnn_core", "storage")
UNPICKLERS = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
OBJECT_CODECS = {"Pickle", "VLenBytes", "VLenUTF8", "VLenArray"}


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, fuse: Path) -> None:
        self._fuse = fuse

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return _explode, (str(self._fuse), "bang")


def _explode(place: str, text: str) -> None:
    Path(place).write_text(text)


@pytest.fixture
def fuse(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "exploded"
    pickle.loads(pickle.dumps(Bomb(place)))
    assert place.exists(), "the bomb works"
    place.unlink()
    yield place
    assert not place.exists(), "a pickle was loaded"


def sources() -> list[tuple[str, ast.Module]]:
    files = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]
    assert len(files) > 100
    return [(str(file.relative_to(ROOT)), ast.parse(file.read_text())) for file in files]


def test_no_module_imports_an_unpickler() -> None:
    found = {
        name
        for name, tree in sources()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Import) and {a.name for a in node.names} & UNPICKLERS)
        or (isinstance(node, ast.ImportFrom) and node.module in UNPICKLERS)
        or (isinstance(node, ast.Attribute | ast.Name) and _last(node) in OBJECT_CODECS)
    }
    assert found == set()


def test_every_loader_that_could_unpickle_is_told_not_to() -> None:
    loads = 0
    for name, tree in sources():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called, place = ast.unparse(node.func), f"{name}:{node.lineno}"
            keywords = {k.arg: ast.unparse(k.value) for k in node.keywords}
            if called == "torch.load":
                assert keywords.get("weights_only") == "True", place
                loads += 1
            assert keywords.get("allow_pickle", "False") == "False", place
            assert called not in {"eval", "exec", "pd.read_pickle"}, place
            if called == "yaml.load":
                assert "SafeLoader" in ast.unparse(node), place
            assert not called.endswith(("extractall", "unpack_archive")), place
    assert loads >= 2


def _last(node: ast.Attribute | ast.Name) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id


def _plant(store: ArtifactStore, kind: str, files: dict[str, bytes]) -> None:
    """An artifact forged by somebody with access to the store, with right digests."""
    place = Path(store.location(kind, "k"))
    place.mkdir(parents=True)
    for name, data in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
    digests = {name: sha256(data).hexdigest() for name, data in files.items()}
    (place / "complete.json").write_bytes(Marker(kind, "k", "", digests, {}).to_bytes())


def test_a_pickle_in_place_of_weights(tmp_path: Path, fuse: Path) -> None:
    store = ArtifactStore(str(tmp_path / "store"))
    _plant(store, FINETUNED, {"weights.safetensors": pickle.dumps(Bomb(fuse))})
    with pytest.raises(CorruptArtifactError, match="not a safetensors file"):
        load_checkpoint(store, FINETUNED, "k")


def test_a_pickle_in_place_of_a_table(tmp_path: Path, fuse: Path) -> None:
    store = ArtifactStore(str(tmp_path / "store"))
    _plant(store, "evaluations", {"per_frame.parquet": pickle.dumps(Bomb(fuse))})
    with pytest.raises(CorruptArtifactError, match="per_frame"):
        read_table(store, "evaluations", "k", "per_frame")


@pytest.mark.filterwarnings("ignore")  # of Zarr, about what it is given
def test_an_array_of_objects(tmp_path: Path, fuse: Path) -> None:
    store = ArtifactStore(str(tmp_path / "store"))
    array = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [1],
        "data_type": "object",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0,
        "codecs": [{"name": "pickle"}, {"name": "bytes"}],
        "attributes": {},
    }
    group = {"zarr_format": 3, "node_type": "group", "attributes": {}}
    _plant(
        store,
        PREDICTIONS,
        {
            "arrays.zarr/zarr.json": json.dumps(group).encode(),
            "arrays.zarr/labels/zarr.json": json.dumps(array).encode(),
            "arrays.zarr/labels/c/0": pickle.dumps(Bomb(fuse)),
        },
    )
    with pytest.raises(CorruptArtifactError):
        store.open(PREDICTIONS, "k").array("labels")


def test_weights_from_a_file(tmp_path: Path, fuse: Path) -> None:
    import torch

    from maskrnn_core.presets import preset

    file = tmp_path / "vgg.pth"
    torch.save({"features.0.weight": Bomb(fuse)}, file)
    with pytest.raises(ParameterError, match="no readable weights"):
        starting_weights(str(file), preset("paper"), ArtifactStore(str(tmp_path / "store")))
    bare = tmp_path / "parent.safetensors"
    bare.write_bytes(pickle.dumps(Bomb(fuse)))
    with pytest.raises(ParameterError, match="safetensors"):
        obtain_parent(ArtifactStore(str(tmp_path / "store")), str(bare))


def test_flow_weights_from_a_file(tmp_path: Path, fuse: Path) -> None:
    import torch

    from maskrnn_core.optical_flow.registry import build_estimator

    for data in (_saved(torch, {"state_dict": Bomb(fuse)}), pickle.dumps(Bomb(fuse))):
        with pytest.raises(MaskRNNError):
            build_estimator("flownet2s", data)


def _saved(torch: Any, value: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("folder", ["../outside", "/outside", "a/../../b", "C:/v", "..\\v"])
def test_members_of_a_zip_file_do_not_leave_it(folder: str, tmp_path: Path) -> None:
    archive = tmp_path / "predictions.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(f"{folder}/00000.png", b"png")
    with pytest.raises(DatasetError, match="leads out of the archive"):
        PngZip(archive)


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/b", "..", "."])
def test_names_in_an_artifact_do_not_leave_the_export(name: str, tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path / "store"))
    for key, (video, frame) in {"v": (name, "00000"), "f": ("video", name)}.items():
        with write_prediction(
            store, key, video=video, size=(4, 4), objects=(1,), frame_names=[frame], metadata={}
        ) as writer:
            writer.add(0, np.zeros((4, 4), np.uint8), [0], np.zeros((1, 4)), [1.0])
        with pytest.raises(InvalidAddressError, match="cannot be a file name"):
            export_png(StoredPrediction(store, key), OutputFolder(tmp_path / "out"))
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_a_checkpoint_still_loads(tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path))
    save_checkpoint(store, FINETUNED, "k", {"a": np.ones(2, np.float32)}, {})
    assert load_checkpoint(store, FINETUNED, "k")[0]["a"].tolist() == [1.0, 1.0]
