"""The list of DAVIS sequences and their attributes, db_info.yml."""

from pathlib import Path
from typing import Any

from storage.datasets.readers.annotations import DatasetNotes
from storage.errors import DatasetError

_FILES = ("Annotations/db_info.yml", "Annotations/db_info.yaml", "db_info.yml", "db_info.yaml")


def read_notes(root: Path) -> DatasetNotes:
    """Attributes and `eval_t` of the sequences; empty if the file does not exist.

    Raises:
        DatasetError: the file exists, but is not valid.
    """
    for name in _FILES:
        path = root / name
        if path.is_file():
            return _parse(path)
    return DatasetNotes()


def _parse(path: Path) -> DatasetNotes:
    import yaml

    try:
        with path.open("rb") as file:
            document: Any = yaml.load(file, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        sequences = document["sequences"]
        attributes = {
            _text(entry["name"]): tuple(_text(name) for name in entry.get("attributes") or ())
            for entry in sequences
        }
        stable = frozenset(_text(e["name"]) for e in sequences if e.get("eval_t", True))
    except (yaml.YAMLError, OSError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(
            f"{path} is not a list of DAVIS sequences ({type(error).__name__}: {error}). Restore "
            "it from the archive, or remove it; then there are no figures per attribute."
        ) from error
    return DatasetNotes(attributes, stable)


def _text(value: Any) -> str:
    """A name as text. Lists are refused: nested YAML references could give an endless text."""
    if isinstance(value, list | dict):
        raise TypeError("a list where a name should be")
    return str(value)
