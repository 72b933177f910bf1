"""Installs packages with trackers into a folder, as pip would: modules and a dist-info."""

import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "docs" / "examples" / "trackers"


def install_example(site: Path, name: str) -> None:
    """Install a package of the documentation by its pyproject.toml."""
    project = tomllib.loads((EXAMPLES / name / "pyproject.toml").read_text())
    for module in project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]:
        shutil.copy(EXAMPLES / name / module, site / module)
    described = project["project"]
    trackers = described["entry-points"]["maskrnn.trackers"]
    describe(site, described["name"], trackers, described["version"])


def install_module(
    site: Path, name: str, text: str, trackers: Mapping[str, str], version: str = "1.0"
) -> None:
    """Install a package of one module.

    Args:
        site: folder on the search path.
        name: of package and module.
        text: of the module.
        trackers: class in the module by the name of the tracker.
        version: of the package.
    """
    (site / f"{name}.py").write_text(text)
    describe(site, name, {key: f"{name}:{made}" for key, made in trackers.items()}, version)


def describe(site: Path, name: str, trackers: Mapping[str, str], version: str) -> None:
    """Write the metadata of an installed package."""
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n")
    lines = [f"{key} = {value}" for key, value in trackers.items()]
    (folder / "entry_points.txt").write_text("\n".join(["[maskrnn.trackers]", *lines, ""]))
